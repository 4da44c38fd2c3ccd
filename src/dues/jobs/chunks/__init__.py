"""The bytes of jobs."""
