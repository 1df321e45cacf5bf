"""Stripe's customer portal: sessions, and what it offers."""
