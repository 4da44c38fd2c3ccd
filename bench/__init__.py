"""`python -m bench`: dues measured beside other ways of doing the same, in one run."""
