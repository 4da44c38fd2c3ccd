"""What people see in a browser. Each page is whole in itself: no other host is asked for anything."""
