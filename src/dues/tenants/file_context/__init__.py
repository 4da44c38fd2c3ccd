"""What files of a tenant are read by."""
