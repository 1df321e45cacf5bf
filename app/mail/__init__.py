"""Mail: composed from templates, kept in an outbox, delivered after the transaction that caused it."""
