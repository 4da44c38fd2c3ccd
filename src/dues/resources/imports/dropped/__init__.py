"""The drop folder: files that are put there are imported, and what became of their rows is put beside them."""
