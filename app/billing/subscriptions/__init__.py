"""The mirror of subscriptions: read, written, looked up."""
