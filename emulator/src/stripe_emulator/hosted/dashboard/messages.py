"""What the dashboard says after an action, by the word in its address."""

MESSAGES = {
    "advanced": "The clock was moved, and everything that was due has happened.",
    "refunded": "The payment was refunded.",
    "disputed": "The payment is disputed.",
    "dispute-won": "The dispute was won.",
    "dispute-lost": "The dispute was lost.",
    "expired": "The checkout session is expired.",
    "failing": "From now on this customer's card is declined.",
    "working": "From now on this customer's card works.",
    "canceled": "The subscription is canceled.",
    "canceling": "The subscription ends with its period.",
    "resumed": "The subscription goes on.",
    "settled": "The invoice was paid.",
    "voided": "The invoice is void.",
    "resent": "The event is on its way again.",
    "portal": "The portal is set up so.",
    "chaos": "The chaos switches are set.",
    "reset": "Everything was deleted. Push your catalogue again before the next checkout.",
}
