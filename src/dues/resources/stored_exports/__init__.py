"""Exports that are written to a file which is kept: for more rows than anybody wants to wait for."""
