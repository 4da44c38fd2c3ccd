"""Reports: what came in and went out on a day, to be compared with what a bank or a processor says."""
