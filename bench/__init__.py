"""`python -m bench`: dues measured beside other ways of doing the same, in one run.

`--quick` is small and shows that everything runs; `--full` has ten million accounts and a million creates. With
`--against CHECKOUT` it is measured against the dues of another checkout instead, each on a PostgreSQL of its own.
"""
