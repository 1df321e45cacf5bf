"""Hosted Checkout: one session, one page, one payment however often it is pressed."""

from stripe_emulator.hosted.checkout import recovery
from stripe_emulator.hosted.checkout.routes import bp

__all__ = ["bp", "recovery"]
