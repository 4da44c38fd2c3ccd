"""The rules about money and state: plain functions that know no database, web, clock or environment."""
