"""What all commands share: kinds of objects, and how a group is read, decided in order, and written."""
