"""What an operator can do for somebody: each act with what it will do, in words, and the doing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask_login import current_user

from app.account import support
from app.account.deletion import deletion_summary
from app.admin.act_forms import NOW, ActForm, CancelForm, ExtendForm, NewAddressForm
from app.auth.models import User
from app.billing.errors import CannotBeDone
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.models.subscription import Subscription
from app.billing.subscriptions.lookup import subscription_to_change
from app.billing.support.subscriptions import cancel_subscription, extend_subscription, extended_until
from app.templating import date


@dataclass(frozen=True)
class Heading:
    """What the page of an act is called, and its button."""

    title: str
    button: str
    is_danger: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class UserAct(Heading):
    """An act on a user. `says` raises `CannotBeDone` where it does not apply; `do` answers what came of it."""

    says: Callable[[User], list[str]]
    do: Callable[[User, ActForm], str]
    form: type[ActForm] = ActForm


def acts_for(user: User) -> dict[str, UserAct]:
    """The acts that make sense for this user now, by the last part of their address."""
    hidden = {"demote"} if not user.is_admin else {"promote"}
    if user.email_verified_at and not user.pending_email:
        hidden.add("verification")
    if subscription_to_change(user, current_scope()) is None:
        hidden |= {"cancel", "extend"}
    return {name: act for name, act in ACTS.items() if name not in hidden}


def _says_cancel(user: User) -> list[str]:
    row = _subscription(user)
    return [
        f"The {row.plan_name} subscription of {user.email} ends, and they are charged no more.",
        f"At the end means on {_day(row)}; until then they keep what they have paid for. Now means at once.",
        "Nothing is given back by this. A refund is a step of its own, beside each payment.",
    ]


def _cancel(user: User, form: ActForm) -> str:
    assert isinstance(form, CancelForm)
    row = cancel_subscription(
        user, current_scope(), now=form.when.data == NOW, actor=_actor(), reason=form.reason.data or ""
    )
    return f"It ends on {date(row.ends_at)}." if row.ends_at else "The subscription has ended."


def _says_extend(user: User) -> list[str]:
    row = _subscription(user)
    # Whether it can be extended at all.
    extended_until(row, 1)
    return [
        f"{user.email} is charged so many days later than on {_day(row)}, and keeps {row.plan_name} until then.",
        "Stripe calls these days a trial; its mail before a trial ends tells of the charge.",
    ]


def _extend(user: User, form: ActForm) -> str:
    assert isinstance(form, ExtendForm)
    row = extend_subscription(
        user, current_scope(), days=form.days.data or 0, actor=_actor(), reason=form.reason.data or ""
    )
    return f"The next charge comes on {_day(row)}."


def _says_new_address(user: User) -> list[str]:
    return [
        f"Be sure that whoever asks is the owner of {user.email}: the new address can set a new password.",
        "The account is logged out everywhere, the new address gets a link that confirms it, and the old one is told.",
    ]


def _set_email(user: User, form: ActForm) -> str:
    assert isinstance(form, NewAddressForm)
    support.set_email(user, form.email.data or "", actor=_actor(), reason=form.reason.data or "")
    return f"The address is {user.email} now."


def _verify(user: User, form: ActForm) -> str:
    address = support.send_verification_again(user, actor=_actor())
    return f"A link is on its way to {address}."


def _sign_out(user: User, form: ActForm) -> str:
    support.sign_out(user, actor=_actor())
    return f"{user.email} is logged out everywhere."


def _set_admin(user: User, is_admin: bool) -> str:
    support.set_admin(user, is_admin, actor=_actor())
    return f"{user.email} is {'an admin now' if is_admin else 'no admin any more'}."


def _delete(user: User, form: ActForm) -> str:
    address = user.email
    support.delete_user(user, actor=_actor(), reason=form.reason.data or "")
    return f"{address} is deleted."


ACTS = {
    "cancel": UserAct("Cancel the subscription", "Cancel it", _says_cancel, _cancel, CancelForm, is_danger=True),
    "extend": UserAct("Give free days", "Give them", _says_extend, _extend, ExtendForm),
    "email": UserAct("Set a new address", "Set it", _says_new_address, _set_email, NewAddressForm),
    "verification": UserAct(
        "Send the link that confirms the address",
        "Send it",
        lambda user: [f"{user.pending_email or user.email} gets a new link; older ones stop working."],
        _verify,
    ),
    "sign-out": UserAct(
        "Log out everywhere",
        "Log them out",
        lambda user: [f"Every browser of {user.email} has to log in again. Nothing else changes."],
        _sign_out,
    ),
    "promote": UserAct(
        "Make an admin",
        "Make them an admin",
        lambda user: [f"{user.email} may use all of these pages, and is logged out first. All admins get a mail."],
        lambda user, _: _set_admin(user, True),
        is_danger=True,
    ),
    "demote": UserAct(
        "Take these pages away",
        "Take them away",
        lambda user: [f"{user.email} is no admin any more, and is logged out."],
        lambda user, _: _set_admin(user, False),
        is_danger=True,
    ),
    "delete": UserAct(
        "Delete the account",
        "Delete it for good",
        lambda user: [*deletion_summary(user), "This cannot be undone."],
        _delete,
        is_danger=True,
    ),
}


def _subscription(user: User) -> Subscription:
    scope: StripeScope = current_scope()
    found = subscription_to_change(user, scope)
    if found is None:
        raise CannotBeDone(f"{user.email} has no subscription.")
    return found


def _day(subscription: Subscription) -> str:
    return date(subscription.current_period_end) if subscription.current_period_end else "its last day"


def _actor() -> str:
    email: str = current_user.email
    return email
