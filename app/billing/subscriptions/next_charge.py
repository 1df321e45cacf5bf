"""What Stripe will charge next for a subscription: its own preview of the invoice, kept beside the mirror.

No event asks for it: most previews would be out of date before anybody looks. It is asked for when somebody is about
to be told: on the account page, once after each change of the subscription and once a day, and by the nightly sync.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.asking import ask
from app.billing.catalog.entitlements import plan_of
from app.billing.catalog.plans import current_catalog
from app.billing.errors import BillingError, StripeObjectMissing, StripeRefused
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import Amounts, InvoiceLine, InvoicePreview, PriceObject, discount_of
from app.billing.gateway.read import discounted, preview_of, retrieve
from app.billing.models.subscription import Subscription
from app.billing.subscriptions.lookup import live_subscriptions
from app.database import allowed_to_write, db, may_write, utcnow

logger = logging.getLogger(__name__)
# Stripe tells of most that changes it, though not of all: pending invoice items, tax rates.
VALID_FOR = timedelta(days=1)
ASK_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class ChargedNow:
    """What a subscription is for today, so that another price is noticed: minor units of its currency a period."""

    subscription_id: str
    price_id: str | None
    amount: int
    is_charged_again: bool

    @classmethod
    def of(cls, row: Subscription) -> "ChargedNow":
        return cls(row.stripe_subscription_id, row.stripe_price_id, row.amount or 0, row.is_charged_again)


def refresh_next_charges(user: User, scope: StripeScope) -> bool:
    """Ask Stripe what comes next of this user's subscriptions, where that is not known; whether it did. Commits then.

    While Stripe cannot be asked, no figure is known, and nobody asks again for five minutes.
    """
    live = live_subscriptions(user, scope)
    due = [(ChargedNow.of(row), row.snapshot_at) for row in live if _is_due(row)]
    if due and may_write():
        with allowed_to_write():
            for charged, snapshot_at in due:
                _write(charged, snapshot_at, ask_next_charge(charged, scope))
                db.session.commit()
    return bool(due)


def forget_next_charges(stripe_customer_id: str, scope: StripeScope) -> None:
    """Have what comes next of this customer's subscriptions asked for before it is told again."""
    known = (Subscription.stripe_customer_id == stripe_customer_id, Subscription.next_asked_for.is_not(None))
    forget = sa.update(Subscription).where(*known, scope.covers(Subscription)).values(next_asked_for=None)
    db.session.execute(forget)


def ask_next_charge(charged: ChargedNow, scope: StripeScope) -> dict[str, Any]:
    """The columns that Stripe's preview of the next invoice sets: empty ones where none comes, or Stripe is away.

    What discounts take off is known all the same where nothing is charged again: those that it has now.

    For use with no transaction open, or through `asking.ask`. Never raises: a figure that is not known delays nothing.
    """
    now = utcnow()
    try:
        if not charged.is_charged_again:
            held = discounted(charged.subscription_id, scope)
            amounts = held.split(charged.amount, charged.price_id)
            return _columns(None, now) | {"period_discount": discount_of(held.discounts, amounts)}
        preview = preview_of(charged.subscription_id, scope)
        off = {"period_discount": preview.discount_on(_amounts(charged, preview, scope))}
        return _columns(preview, now) | off | _what_is_charged(preview, charged.price_id, scope)
    except (StripeRefused, StripeObjectMissing):
        # Nothing comes any more.
        return _columns(None, now)
    except BillingError as error:
        logger.warning("What comes next of %s could not be asked: %s", charged.subscription_id, error)
        return _columns(None, now) | {"next_valid_until": now + ASK_AGAIN_AFTER}


def _amounts(charged: ChargedNow, preview: InvoicePreview, scope: StripeScope) -> Amounts:
    """What it is for by product, where a discount is for some of them; else the whole, which costs no question."""
    if any(one.products is not None for one in preview.discounts):
        return discounted(charged.subscription_id, scope).split(charged.amount, charged.price_id)
    else:
        return {None: charged.amount}


def _what_is_charged(preview: InvoicePreview, price_id: str | None, scope: StripeScope) -> dict[str, Any]:
    """The plan that comes next where it is another than that of this price, and how many seats."""
    same = [line for line in preview.next_lines if line.stripe_price_id == price_id and (line.amount or 0) >= 0]
    if same or not preview.next_lines:
        return {"next_plan_key": None, "next_quantity": same[0].quantity if same else None}
    found = [(_plan_key(line, scope), line) for line in preview.next_lines]
    plan_key, line = max(found, key=lambda one: _rank(one[0]))
    return {"next_plan_key": plan_key, "next_quantity": line.quantity if plan_key else None}


def _plan_key(line: InvoiceLine, scope: StripeScope) -> str | None:
    price_id = str(line.stripe_price_id)
    plan = plan_of(price_id, None) or plan_of(price_id, retrieve(PriceObject, price_id, scope).lookup_key)
    return plan.key if plan else None


def _rank(plan_key: str | None) -> int:
    plan = current_catalog().plan(plan_key)
    return current_catalog().role(plan.role).rank if plan else -1


def _columns(preview: InvoicePreview | None, now: datetime) -> dict[str, Any]:
    if preview is None:
        names = ("amount", "currency", "charge_at", "discount", "discount_names", "plan_key", "quantity")
        found: dict[str, Any] = dict.fromkeys(names)
    else:
        found = {
            "amount": preview.amount_due,
            "currency": preview.currency,
            "charge_at": preview.created,
            "discount": preview.discount,
            "discount_names": ", ".join(filter(None, (one.name for one in preview.discounts))) or None,
        }
    charge_at = found["charge_at"]
    until = min(now + VALID_FOR, charge_at) if charge_at and charge_at > now else now + VALID_FOR
    columns = {f"next_{name}": value for name, value in found.items()}
    return columns | {"next_valid_until": until, "period_discount": None}


def note_next_charge(row: Subscription, scope: StripeScope) -> None:
    """Ask what comes next of a subscription and write it on its (locked) row, inside `ask_then_lock`."""
    if not row.has_ended:
        for name, value in ask(ask_next_charge, ChargedNow.of(row), scope).items():
            setattr(row, name, value)
        row.next_asked_for = row.snapshot_at


def amount_due_otherwise(row: Subscription, price: int | None) -> int | None:
    """What is due next, where it is known and is not this price; minor units of the subscription's currency."""
    due = row.next_charge
    return due.amount if due and due.amount != price and due.currency == row.currency else None


def _is_due(row: Subscription) -> bool:
    is_current = row.next_asked_for == row.snapshot_at
    return not (is_current and row.next_valid_until and row.next_valid_until > utcnow())


def _write(charged: ChargedNow, snapshot_at: datetime, values: dict[str, Any]) -> None:
    """Keep the answer, unless the subscription has changed meanwhile."""
    update = sa.update(Subscription).where(
        Subscription.stripe_subscription_id == charged.subscription_id, Subscription.snapshot_at == snapshot_at
    )
    db.session.execute(update.values(**values, next_asked_for=snapshot_at))
