"""What a developer runs by hand in a clone: `make rename`, `make pictures`, `make upstream`."""
