"""What happens at Stripe in a test: people pay on Checkout, cards fail, operators refund, time passes."""

import hashlib
import hmac
import json
import time
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import stripe
from stripe_emulator import Emulator

Json = dict[str, Any]
RETRIES = 2


@dataclass(frozen=True)
class Stripe:
    """The emulator as buyers and the operator use it, over HTTP with the official SDK."""

    emulator: Emulator

    @cached_property
    def client(self) -> stripe.StripeClient:
        bases: Any = {"api": self.emulator.url}
        return stripe.StripeClient(Emulator.secret_key, base_addresses=bases, max_network_retries=RETRIES)

    @property
    def v1(self) -> Any:
        return self.client.v1

    def post(self, path: str, **params: Any) -> Json:
        """A request that the SDK has no method for, as the official CLI makes it."""
        return dict(self.client.raw_request("post", path, **params).data)

    def card(self, token: str = "tok_visa") -> str:
        """A payment method made from a test card's token."""
        return self.post("/v1/payment_methods", type="card", card={"token": token})["id"]

    def pay(self, session_id: str, token: str = "tok_visa", **params: Any) -> Json:
        """Complete a Checkout Session; a decline raises `stripe.CardError`."""
        return self.confirm(session_id, payment_method=self.card(token), **params)

    def pay_by_debit(self, session_id: str, iban: str = "AT611904300234573201") -> Json:
        """Complete a Checkout Session with a payment method that settles later."""
        details = {"name": "Alice", "email": "alice@example.com"}
        method = self.post("/v1/payment_methods", type="sepa_debit", sepa_debit={"iban": iban}, billing_details=details)
        return self.confirm(session_id, payment_method=method["id"])

    def confirm(self, session_id: str, **params: Any) -> Json:
        """Press Checkout's button."""
        self.post(f"/v1/payment_pages/{session_id}/confirm", **params)
        return self.session(session_id)

    def session(self, session_id: str) -> Json:
        return self.v1.checkout.sessions.retrieve(session_id).to_dict(for_json=True)

    def subscription(self, subscription_id: str) -> Json:
        return self.v1.subscriptions.retrieve(subscription_id).to_dict(for_json=True)

    def subscriptions(self) -> list[Json]:
        """Every subscription there is, ended ones too, oldest first."""
        found = self.v1.subscriptions.list({"status": "all", "limit": 100}).auto_paging_iter()
        return [one.to_dict(for_json=True) for one in found][::-1]

    def invoices(self) -> list[Json]:
        return [one.to_dict(for_json=True) for one in self.v1.invoices.list({"limit": 100}).auto_paging_iter()][::-1]

    def charges(self) -> list[Json]:
        return [one.to_dict(for_json=True) for one in self.v1.charges.list({"limit": 100}).auto_paging_iter()][::-1]

    def price(self, lookup_key: str) -> str:
        """The id of the price that is sold under this lookup key."""
        return str(self.v1.prices.list({"lookup_keys": [lookup_key]}).data[0].id)

    def unit_amount(self, price: Json, currency: str) -> int:
        """What one of a price costs in a currency."""
        if price["currency"] == currency:
            return int(price["unit_amount"])
        found = self.v1.prices.retrieve(price["id"], {"expand": ["currency_options"]})
        return int(found.currency_options[currency].unit_amount)

    def subscribe(self, customer: str, price: str, token: str = "tok_visa", **params: Any) -> Json:
        """Make a subscription by API, as an operator or another system on the account would."""
        method = self.v1.payment_methods.attach(self.card(token), {"customer": customer}).id
        wanted = {"customer": customer, "items": [{"price": price}], "default_payment_method": method, **params}
        return self.v1.subscriptions.create(wanted).to_dict(for_json=True)

    def cancel_in_portal(self, subscription_id: str) -> None:
        """Cancel at the period's end as the portal does: on flexible billing that is `cancel_at` alone."""
        self.emulator.cancel_in_portal(subscription_id)

    def resume_in_portal(self, subscription_id: str) -> None:
        self.emulator.keep_in_portal(subscription_id)

    def swap_price(self, subscription_id: str, lookup_key: str) -> None:
        """Change the plan, as the portal's confirm page does."""
        item = self.subscription(subscription_id)["items"]["data"][0]["id"]
        items = [{"id": item, "price": self.price(lookup_key)}]
        self.v1.subscriptions.update(subscription_id, {"items": items, "proration_behavior": "always_invoice"})

    def plan_change(self, subscription_id: str, lookup_key: str, coupon: str | None = None) -> None:
        """Schedule another plan for the next period, as the portal does for a cheaper one.

        The discounts of today go on; a coupon takes their place.
        """
        schedule = self.v1.subscription_schedules.create({"from_subscription": subscription_id})
        [now] = schedule.phases
        items = [{"price": one.price, "quantity": one.quantity} for one in now["items"]]
        kept = [{"discount": one.discount} for one in now.discounts]
        today = {"items": items, "start_date": now.start_date, "end_date": now.end_date, "discounts": kept}
        then = {"items": [{"price": self.price(lookup_key)}], "discounts": [{"coupon": coupon}] if coupon else kept}
        phases = [today, then]
        self.v1.subscription_schedules.update(schedule.id, {"phases": phases, "end_behavior": "release"})

    def change_seats(self, subscription_id: str, seats: int) -> None:
        """Change how many are paid for, as the portal does."""
        item = self.subscription(subscription_id)["items"]["data"][0]["id"]
        items = [{"id": item, "quantity": seats}]
        self.v1.subscriptions.update(subscription_id, {"items": items, "proration_behavior": "always_invoice"})

    def use_card(self, customer: str, token: str) -> None:
        """Make this the card that the customer's next invoices are charged to."""
        method = self.v1.payment_methods.attach(self.card(token), {"customer": customer}).id
        self.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})
        for subscription in self.v1.subscriptions.list({"customer": customer}).data:
            self.v1.subscriptions.update(subscription.id, {"default_payment_method": method})

    def events(self, *types: str) -> list[Json]:
        """What has happened, oldest first, as it is (or would be) delivered."""
        params: Any = {"limit": 100, **({"types": list(types)} if types else {})}
        return [event.to_dict(for_json=True) for event in self.v1.events.list(params).auto_paging_iter()][::-1]

    def mute(self) -> None:
        """Deliver nothing by itself from now on: the test brings the events."""
        for endpoint in self.v1.webhook_endpoints.list({}).data:
            self.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})


def session_id_in(address: str) -> str:
    """The id of the Checkout Session that an address leads to."""
    return urlsplit(address).path.rsplit("/", 1)[-1]


def signed(event: Json | bytes, secret: str, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """A webhook request's body and headers, signed as Stripe signs them."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    second = int(at or time.time())
    signature = hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={second},v1={signature}", "Content-Type": "application/json"}


def event_of(kind: str, stripe_object: Json, **fields: Any) -> Json:
    """An event around this object, as the SDK's API version has it."""
    return {
        "id": f"evt_{time.time_ns()}",
        "object": "event",
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "data": {"object": deepcopy(stripe_object)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        **fields,
    }
