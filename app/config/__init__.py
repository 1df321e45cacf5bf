"""Settings: read from the environment, checked, and turned into what Flask is told."""
