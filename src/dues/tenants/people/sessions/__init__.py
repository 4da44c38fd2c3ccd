"""Who is logged in at the desk."""
