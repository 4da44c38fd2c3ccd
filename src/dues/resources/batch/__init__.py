"""Many calls at once: lines, each of which is a call by itself."""
