"""Files: what a file of rows may be, how its bytes are read, and what each row asks for. No database, no web."""
