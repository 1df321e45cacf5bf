"""A stateful stand-in for Stripe that the official SDK and CLI talk to over HTTP."""
