"""The dashboard: see every object, event and delivery, and make hard cases happen."""

from stripe_emulator.hosted.dashboard import actions, browse, overview, portal, settings, time_travel, webhooks
from stripe_emulator.hosted.dashboard.blueprint import bp

__all__ = ["actions", "bp", "browse", "overview", "portal", "settings", "time_travel", "webhooks"]
