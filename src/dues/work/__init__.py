"""What a command may reach, and the group commit that runs commands."""
