"""The HTTP server, its workers, and steering it from outside."""
