"""Lists: newest first, a page at a time, each page read off an index."""
