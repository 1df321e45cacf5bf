"""Cards, intents, charges, refunds, disputes and dunning."""
