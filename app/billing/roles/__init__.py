"""Which role a user has, and why."""
