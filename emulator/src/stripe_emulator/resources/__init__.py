"""One module per Stripe resource; the dispatcher imports them all."""
