"""The API for subscribers."""
