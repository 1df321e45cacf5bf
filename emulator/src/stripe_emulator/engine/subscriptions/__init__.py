"""Subscriptions: items, periods, changes, schedules, the end."""
