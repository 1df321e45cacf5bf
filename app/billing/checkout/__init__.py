"""Buying: from a plan key to Checkout, and back."""
