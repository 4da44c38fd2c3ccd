"""What all commands share: kinds of objects, what a group is told, and how it is read, decided in order, and written."""
