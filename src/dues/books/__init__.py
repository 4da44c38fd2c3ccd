"""The books: whether everything that is stored agrees with everything else."""
