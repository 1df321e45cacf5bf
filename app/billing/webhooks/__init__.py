"""Signed events, each taking effect exactly once."""
