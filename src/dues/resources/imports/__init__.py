"""Imports: files of rows, each of which gets a verdict; carried out by the same commands as the API's calls."""
