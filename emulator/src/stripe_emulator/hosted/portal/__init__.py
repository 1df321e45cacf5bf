"""The customer portal: what a subscriber may do alone, as far as its configuration allows."""

from stripe_emulator.hosted.portal import cancellation, details, home, pausing, payment_methods, plans
from stripe_emulator.hosted.portal.blueprint import bp

__all__ = ["bp", "cancellation", "details", "home", "pausing", "payment_methods", "plans"]
