"""`python -m dues` is the `dues` command."""

from dues.cli.main import main

main()
