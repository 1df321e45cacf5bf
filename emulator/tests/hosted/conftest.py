"""A shop with a catalogue, and its pages without a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
import requests
import stripe

from stripe_emulator import Emulator

SUCCESS_URL = "http://127.0.0.1:9/success?session_id={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://127.0.0.1:9/pricing?checkout=cancelled"
CARD = {"card_number": "4242 4242 4242 4242", "expiration": "12 / 34", "cvc": "123", "name": "Alice Liddell"}


@dataclass
class Page:
    """An answer of the hosted pages."""

    response: requests.Response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def text(self) -> str:
        """The page's HTML with entities resolved."""
        return unescape(self.response.text)

    @property
    def location(self) -> str:
        """Where the answer redirects to."""
        return self.response.headers["Location"]


class Visitor:
    """A browser without scripts: it keeps nothing and follows nothing by itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def get(self, path: str, **headers: str) -> Page:
        """Open a page."""
        return Page(self._session.get(self._address(path), headers=headers, allow_redirects=False, timeout=20))

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> Page:
        """Send a form."""
        address = self._address(path)
        return Page(self._session.post(address, data=form or {}, headers=headers, allow_redirects=False, timeout=20))

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _address(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path


class Shop:
    """What a merchant sets up before anybody buys."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client
        self.basic = client.v1.products.create({"name": "Basic"})
        self.pro = client.v1.products.create({"name": "Pro"})
        self.prices = {
            "basic_month": self._price(self.basic, 900, "month"),
            "basic_year": self._price(self.basic, 9000, "year"),
            "pro_month": self._price(self.pro, 2900, "month"),
            "pro_year": self._price(self.pro, 29000, "year"),
            "lifetime": self._price(self.pro, 19900, None),
        }

    def customer(self, **params: Any) -> stripe.Customer:
        """Create a customer, alice unless said otherwise."""
        return self.client.v1.customers.create({"email": "alice@example.com", "name": "Alice Liddell", **params})

    def subscriber(
        self, price: str = "basic_month", clock: str | None = None, **params: Any
    ) -> tuple[stripe.Customer, stripe.Subscription]:
        """Create a customer who pays for a plan."""
        customer = self.customer(**({"test_clock": clock} if clock else {}))
        method = self.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        self.client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
        wanted: Any = {"customer": customer.id, "items": [{"price": self.prices[price]}], **params}
        return customer, self.client.v1.subscriptions.create(wanted)

    def fail_next_charges(self, customer: str) -> None:
        """Have the customer's default card declined from now on."""
        self.use_card(customer, "pm_card_chargeCustomerFail")

    def use_card(self, customer: str, magic_id: str) -> None:
        """Charge the customer with this test card from now on."""
        method = self.client.v1.payment_methods.attach(magic_id, {"customer": customer})
        self.client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})

    def checkout(self, price: str = "pro_month", **params: Any) -> stripe.checkout.Session:
        """Create a Checkout Session."""
        wanted: Any = {
            "mode": "payment" if price == "lifetime" else "subscription",
            "line_items": [{"price": self.prices[price], "quantity": 1}],
            "success_url": SUCCESS_URL,
            "cancel_url": CANCEL_URL,
            **params,
        }
        return self.client.v1.checkout.sessions.create(wanted)

    def portal(self, customer: str, **params: Any) -> str:
        """Return the address of a portal session."""
        wanted: Any = {"customer": customer, "return_url": "http://127.0.0.1:9/account", **params}
        return self.client.v1.billing_portal.sessions.create(wanted).url

    def configuration(self, **features: Any) -> str:
        """Create a portal configuration that allows everything, changed by `features`."""
        offered = [
            {"product": self.basic.id, "prices": [self.prices["basic_month"], self.prices["basic_year"]]},
            {"product": self.pro.id, "prices": [self.prices["pro_month"], self.prices["pro_year"]]},
        ]
        everything: Any = {
            "customer_update": {"enabled": True, "allowed_updates": ["email", "name", "address"]},
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {
                "enabled": True,
                "mode": "at_period_end",
                "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
            },
            "subscription_update": {
                "enabled": True,
                "default_allowed_updates": ["price"],
                "proration_behavior": "always_invoice",
                "products": offered,
            },
            **features,
        }
        made: Any = {"features": everything}
        return self.client.v1.billing_portal.configurations.create(made).id

    def _price(self, product: stripe.Product, amount: int, interval: str | None) -> str:
        recurring: Any = {"recurring": {"interval": interval}} if interval else {}
        wanted: Any = {"product": product.id, "unit_amount": amount, "currency": "usd", **recurring}
        return self.client.v1.prices.create(wanted).id


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    """Set a shop up."""
    return Shop(client)


@pytest.fixture
def visitor(emulator: Emulator) -> Iterator[Visitor]:
    """Visit the hosted pages without a browser."""
    guest = Visitor(emulator.url)
    yield guest
    guest.close()


@pytest.fixture
def own(fresh_emulator: Emulator) -> Iterator[tuple[Shop, Visitor, Emulator]]:
    """Set up a shop on an emulator that nobody else uses."""
    http_client = stripe.RequestsClient()
    client = stripe.StripeClient(
        fresh_emulator.secret_key, base_addresses={"api": fresh_emulator.url}, http_client=http_client
    )
    guest = Visitor(fresh_emulator.url)
    yield Shop(client), guest, fresh_emulator
    guest.close()
    http_client.close()
