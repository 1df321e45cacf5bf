"""What the billing tests sell, and how they buy it: through the official SDK, as the CLI does."""

from collections.abc import Callable
from typing import Any

import requests
import stripe

SUCCESS_URL = "https://shop.example/success?session_id={CHECKOUT_SESSION_ID}"
CANCEL_URL = "https://shop.example/pricing"


class Shop:
    """A catalogue of two plans and a one-time price, with shortcuts for the usual steps."""

    def __init__(self, client: stripe.StripeClient, url: str, key: str) -> None:
        self.client = client
        self.url = url
        self.auth = {"Authorization": f"Bearer {key}"}
        product = client.v1.products.create({"name": "Basic"})
        better = client.v1.products.create({"name": "Pro"})
        self.basic = self.price(900, product.id)
        self.pro = self.price(2900, better.id)
        self.pro_year = self.price(29000, better.id, "year")
        self.lifetime = client.v1.prices.create({"product": better.id, "unit_amount": 19900, "currency": "usd"})

    def price(self, amount: int, product: str, interval: str = "month", currency: str = "usd") -> stripe.Price:
        """Create a recurring price."""
        return self.client.v1.prices.create(
            {
                "product": product,
                "unit_amount": amount,
                "currency": currency,
                "recurring": {"interval": interval},  # type: ignore[typeddict-item]
            }
        )

    def customer(self, card: str | None = "pm_card_visa", clock: str | None = None) -> stripe.Customer:
        """Create a customer whose default payment method is a test card."""
        params: Any = {"email": "alice@example.com"}
        if card:
            params |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
        if clock:
            params["test_clock"] = clock
        return self.client.v1.customers.create(params)

    def clock(self, at: int) -> stripe.test_helpers.TestClock:
        """Create a test clock that stands at a time."""
        return self.client.v1.test_helpers.test_clocks.create({"frozen_time": at})

    def advance(self, clock: stripe.test_helpers.TestClock, to: int) -> None:
        """Move a test clock and wait until it is ready."""
        self.client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": to})
        assert self.client.v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready"

    def subscribe(self, customer: stripe.Customer, price: stripe.Price, **params: Any) -> stripe.Subscription:
        """Create a subscription through the API."""
        return self.client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}], **params})

    def session(self, price: stripe.Price, **params: Any) -> stripe.checkout.Session:
        """Create a Checkout Session for one price."""
        mode = "subscription" if price.recurring else "payment"
        return self.client.v1.checkout.sessions.create(
            {
                "mode": mode,  # type: ignore[typeddict-item]
                "success_url": SUCCESS_URL,
                "cancel_url": CANCEL_URL,
                "line_items": [{"price": price.id, "quantity": 1}],
                **params,
            }
        )

    def confirm(self, session: stripe.checkout.Session, card: str = "pm_card_visa", **params: Any) -> requests.Response:
        """Pay a session without a browser, as the official CLI does."""
        return requests.post(
            f"{self.url}/v1/payment_pages/{session.id}/confirm",
            data={"payment_method": card, **params},
            headers=self.auth,
            timeout=10,
        )

    def reload(self, session: stripe.checkout.Session, **params: Any) -> stripe.checkout.Session:
        """Return the session as it is now."""
        return self.client.v1.checkout.sessions.retrieve(session.id, params)

    def events(self, type: str | None = None) -> list[stripe.Event]:
        """Return the newest hundred events, newest first, of one type or of all."""
        params: Any = {"limit": 100, **({"type": type} if type else {})}
        return self.client.v1.events.list(params).data

    def events_during(self, action: Callable[[], Any]) -> list[str]:
        """Return the types of the events that the action causes, oldest first."""
        newest = self.client.v1.events.list({"limit": 1}).data[0].id
        action()
        caused = self.client.v1.events.list({"limit": 100, "ending_before": newest}).data
        return [event.type for event in reversed(caused)]
