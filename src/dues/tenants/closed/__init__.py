"""What a tenant has closed, and what was entered of it afterwards."""
