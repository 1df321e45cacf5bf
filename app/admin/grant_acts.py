"""Granting access and revoking it, and what becomes of the payments of somebody who pays."""

import sqlalchemy as sa

from app.account.presenters import describe_price
from app.admin.act import UserAct, actor
from app.admin.act_forms import ActForm
from app.admin.forms import COUPON, PAUSE, GrantForm, SubscriberGrantForm
from app.auth.models import User
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import current_scope
from app.billing.models.roles import Grant
from app.billing.models.subscription import Subscription
from app.billing.roles import grants
from app.billing.subscriptions.lookup import subscription_to_change
from app.billing.support.subscriptions import apply_coupon, pause_payments, resume_payments
from app.database import db
from app.templating import date, money


def _says_grant(user: User) -> list[str]:
    says = [
        f"{user.email} gets a role beside what they pay for; the higher one counts.",
        "All admins get a mail of one for good, or for more than a year.",
    ]
    subscription = _paying(user)
    return [*says, _next_charges(subscription)] if subscription else says


def _grant(user: User, form: ActForm) -> str:
    assert isinstance(form, GrantForm)
    reason = form.reason.data or ""
    told = ""
    if isinstance(form, SubscriberGrantForm):
        # At Stripe first: where it cannot be asked, nothing is given either.
        told = _change_payments(user, form, reason)
    role = current_catalog().role(form.role.data)
    grants.grant_role(user, role, form.until.moment, actor(), reason)
    return f"{user.email} was given {role.name}.{told}"


def _change_payments(user: User, form: SubscriberGrantForm, reason: str) -> str:
    scope = current_scope()
    if form.payments.data == PAUSE:
        pause_payments(user, scope, until=form.until.moment, actor=actor(), reason=reason)
        return " Their payments are paused."
    elif form.payments.data == COUPON:
        apply_coupon(user, scope, coupon=(form.coupon.data or "").strip(), actor=actor(), reason=reason)
        return " The coupon is taken off."
    else:
        return ""


def _revoke(user: User, form: ActForm) -> str:
    grants.revoke_grants(user, actor(), form.reason.data or "")
    return f"The access granted to {user.email} is revoked."


def _resume(user: User, form: ActForm) -> str:
    row = resume_payments(user, current_scope(), actor=actor(), reason=form.reason.data or "")
    return f"The next charge comes on {date(row.renews_at)}." if row.renews_at else "It goes on."


def _says_resume(user: User) -> list[str]:
    return [f"{user.email} is charged again for what comes due from now on, and for nothing of the time before."]


def _paying(user: User) -> Subscription | None:
    found = subscription_to_change(user, current_scope())
    return found if found and found.is_charged_again and not found.is_collection_paused else None


def _next_charges(subscription: Subscription) -> str:
    due, day = subscription.next_charge, subscription.renews_at
    amount, currency = (due.amount, due.currency) if due else (subscription.amount, subscription.currency)
    asked = money(amount, currency) if amount is not None and currency else "something"
    price = describe_price(subscription)
    often = f", then {price}" if price else ""
    when = f" on {date(day)}" if day else ""
    return f"They pay: {asked} is charged next{when}{often}. The grant changes nothing of that unless you say so here."


def _has_grant(user: User) -> bool:
    live = sa.select(Grant.id).where(Grant.user_id == user.id, Grant.revoked_at.is_(None)).limit(1)
    return db.session.scalar(live) is not None


def _is_paused(user: User) -> bool:
    found = subscription_to_change(user, current_scope())
    return found is not None and found.is_collection_paused


GRANT = UserAct(
    "Grant access",
    "Grant access",
    _says_grant,
    _grant,
    GrantForm,
    form_for=lambda user: SubscriberGrantForm if _paying(user) else GrantForm,
)
REVOKE = UserAct(
    "Revoke",
    "Revoke",
    lambda user: [f"All access that was granted to {user.email} ends now. What they pay for stays."],
    _revoke,
    applies=_has_grant,
    is_danger=True,
)
RESUME = UserAct("Resume payments", "Resume them", _says_resume, _resume, applies=_is_paused)
