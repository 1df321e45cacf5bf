"""What somebody just did in the portal, in a sentence, for when they are back."""

from dataclasses import asdict, dataclass

from flask import session

from app.account.page import current_subscription, recent_payments
from app.auth.models import User
from app.billing.statuses import PaymentStatus
from app.database import utcnow
from app.languages import gettext as _
from app.templating import money, translated


@dataclass(frozen=True)
class Standing:
    """How things stood before, or stand after: as much as a change is told by."""

    plan: str | None = None
    rhythm: tuple[str | None, int] = (None, 1)
    seats: int | None = None
    is_canceling: bool = False
    last_payment: int | None = None
    charged: str = ""


def remember_standing(user: User) -> None:
    """Keep how things stand in the session: Stripe tells of what is done in the portal before its reader is back."""
    session["before_portal"] = asdict(standing_of(user))


def remembered_standing(user: User) -> Standing:
    """How things stood when the reader left for the portal; how they stand now where nothing was kept."""
    kept = session.pop("before_portal", None)
    return Standing(**{**kept, "rhythm": tuple(kept["rhythm"])}) if kept else standing_of(user)


def standing_of(user: User) -> Standing:
    """How the reader stands now."""
    subscription, payments = current_subscription(user), recent_payments(user, 1)
    paid = payments[0] if payments and payments[0].status == PaymentStatus.PAID and payments[0].amount else None
    last = paid.id if paid else None
    # In development the emulator's clock may be ahead of ours: what it charged is of today all the same.
    is_of_today = paid is not None and paid.created_at.date() >= utcnow().date()
    charged = money(paid.amount, paid.currency) if paid and is_of_today else ""
    if subscription is None or subscription.has_ended:
        return Standing(last_payment=last, charged=charged)
    often = (subscription.interval, subscription.interval_count)
    is_canceling = subscription.is_canceling
    return Standing(subscription.plan_name, often, subscription.seats, is_canceling, last, charged)


def describe_return(before: Standing, after: Standing) -> str | None:
    """Tell what changed; None where nothing did that the reader has not seen."""
    is_new = after.last_payment != before.last_payment and after.charged
    paid = _("%(amount)s was charged today.", amount=after.charged) if is_new else ""
    had, has = translated(before.plan), translated(after.plan)
    if before.plan and not after.plan:
        return _("%(plan_name)s has ended. Nothing more is charged.", plan_name=had)
    elif after.plan and (after.plan, after.rhythm, after.seats) != (before.plan, before.rhythm, before.seats):
        return f"{_now_on(has, after.rhythm[0] if has == had else None)} {paid}".rstrip()
    elif after.is_canceling and not before.is_canceling:
        return _("%(plan_name)s is cancelled. It stays on for the time you have paid for.", plan_name=has)
    elif before.is_canceling and not after.is_canceling:
        return _("%(plan_name)s goes on. It renews as before.", plan_name=has)
    else:
        return " ".join([_("Thank you."), paid]) if paid else None


def _now_on(name: str, interval: str | None) -> str:
    if interval == "month":
        return _("You're on %(plan_name)s, paid monthly now.", plan_name=name)
    elif interval == "year":
        return _("You're on %(plan_name)s, paid yearly now.", plan_name=name)
    else:
        return _("You're on %(plan_name)s now.", plan_name=name)
