"""What is sold, and what it gives."""
