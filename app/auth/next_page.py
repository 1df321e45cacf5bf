"""Where to go after signing in: the page that was asked for, or on to Checkout with the plan that was chosen."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from flask import flash, redirect, request, url_for
from werkzeug import Response

from app.auth.models import User
from app.billing.catalog.plans import Interval, Price, current_catalog, seats_in
from app.database import db
from app.languages import gettext as _
from app.templating import plan_name

LONGEST_PATH = 2000
# One slash, then none: `//host` and `/\host` are other sites to a browser, which also drops control characters.
_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*", re.ASCII)


@dataclass(frozen=True)
class Destination:
    """What someone was about to do when they had to sign in."""

    next: str | None = None
    price: Price | None = None
    seats: int | None = None

    @classmethod
    def from_request(cls) -> Self:
        """Read it from the form or the address; what makes no sense is left out."""
        return cls.from_fields(request.values)

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> Self:
        """Read it from what `as_fields` wrote, or from what anybody else did."""
        plan = current_catalog().plan(fields.get("plan", ""))
        interval = fields.get("interval", "")
        price = plan.price(Interval(interval) if interval in set(Interval) else Interval.MONTH) if plan else None
        price = price and (price.in_currency(fields.get("currency", "")) or price)
        seats = seats_in(fields.get("seats", ""))
        return cls(
            next=safe_path(fields.get("next", "")),
            price=price if plan and plan.is_sold else None,
            seats=min(seats, price.most_seats) if price and seats else None,
        )

    def as_fields(self) -> dict[str, str]:
        """The same as form fields or a query, to be carried to the next page."""
        fields = {"next": self.next} if self.next else {}
        if self.price:
            fields |= {"plan": self.price.plan_key, "interval": self.price.interval or Interval.MONTH}
        if self.price and self.price.is_option:
            fields |= {"currency": self.price.currency}
        if self.price and self.price.per_seat and self.seats:
            fields |= {"seats": str(self.seats)}
        return fields


def safe_path(target: str) -> str | None:
    """The target if it is a path of this site, otherwise None."""
    return target if len(target) <= LONGEST_PATH and _PATH.fullmatch(target) else None


def go_on(user_id: uuid.UUID, destination: Destination) -> Response:
    """Answer this user, who is signed in: straight on to Checkout, or to the page that was asked for."""
    from app.auth.factors.requirement import ask_for_missing_factor

    return ask_for_missing_factor(user_id, destination.as_fields()) or _go_on(user_id, destination)


def _go_on(user_id: uuid.UUID, destination: Destination) -> Response:
    from app.billing.checkout.start import start_checkout
    from app.billing.errors import AlreadyOwned

    if destination.price is None:
        return redirect(destination.next or url_for("dashboard.index"), 303)
    try:
        return redirect(start_checkout(db.session.get_one(User, user_id), destination.price, destination.seats), 303)
    except AlreadyOwned as error:
        name = plan_name(error.plan_key)
        flash(_("%(plan_name)s is yours for good: there is nothing more to buy.", plan_name=name), "info")
        return redirect(url_for("account.index"), 303)
