"""Comparing what we keep with Stripe, and repairing it."""
