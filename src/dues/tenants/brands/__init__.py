"""How pages for a merchant's customers look."""
