"""Putting the catalogue into Stripe, and checking what stands there."""
