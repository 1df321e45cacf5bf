"""Checkout Sessions, from creation to what they made."""
