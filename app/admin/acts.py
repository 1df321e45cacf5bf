"""What an operator can do for somebody: each act with what it will do, in words, and the doing."""

from app.account import support
from app.account.deletion import deletion_summary
from app.admin.act import UserAct, actor
from app.admin.act_forms import NOW, ActForm, CancelForm, ExtendForm, NewAddressForm, RefundingCancelForm, SuspendForm
from app.admin.grant_acts import GRANT, RESUME, REVOKE
from app.admin.viewing_act import VIEW
from app.auth.models import User
from app.billing.errors import CannotBeDone, StripeUnavailable
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.subscriptions.lookup import subscription_to_change
from app.billing.support.refunds import amount_refundable, refund_payment, refundable_payment
from app.billing.support.subscriptions import cancel_subscription, extend_subscription, extended_until, subscription_of
from app.templating import date, money


def acts_for(user: User) -> dict[str, UserAct]:
    """The acts that make sense for this user now, by the last part of their address."""
    return {name: act for name, act in ACTS.items() if act.applies(user)}


def _says_cancel(user: User) -> list[str]:
    row = subscription_of(user, current_scope())
    return [
        f"The {row.plan_name} subscription of {user.email} ends, and they are charged no more.",
        f"At the end means on {_day(row)}; until then they keep what they have paid for. Now means at once.",
        _says_refund(user),
    ]


def _says_refund(user: User) -> str:
    payment = _refundable(user)
    if payment is None:
        return "Nothing is given back: nothing is left of the last payment."
    left = money(amount_refundable(payment), payment.currency)
    return f"{left} of the last payment, of {date(payment.created_at)}, can go back; another is refunded by itself."


def _cancel(user: User, form: ActForm) -> str:
    assert isinstance(form, CancelForm)
    reason, is_now = form.reason.data or "", form.when.data == NOW
    # The money first: doing it again then ends what is left to end, and gives nothing twice.
    given = _give_back(user, reason) if isinstance(form, RefundingCancelForm) and form.gives_back.data else ""
    try:
        row = cancel_subscription(user, current_scope(), now=is_now, actor=actor(), reason=reason)
    except (CannotBeDone, StripeUnavailable) as error:
        if given:
            raise CannotBeDone(f"{given} The subscription is not cancelled yet: {error} Cancel it again.") from error
        raise
    ended = f"It ends on {date(row.ends_at)}." if row.ends_at else "The subscription has ended."
    return f"{ended} {given}".strip()


def _give_back(user: User, reason: str) -> str:
    payment, scope = _refundable(user), current_scope()
    if payment is None:
        raise CannotBeDone("Nothing of the last payment can be given back.")
    refund = refund_payment(payment, amount_refundable(payment), scope, actor=actor(), reason=reason)
    return f"{money(refund.amount, payment.currency)} is on its way back."


def _refundable(user: User) -> Payment | None:
    scope = current_scope()
    found = subscription_to_change(user, scope)
    return refundable_payment(found, scope) if found else None


def _says_extend(user: User) -> list[str]:
    row = subscription_of(user, current_scope())
    # Whether it can be extended at all.
    extended_until(row, 1)
    return [
        f"{user.email} is charged so many days later than on {_day(row)}, and keeps {row.plan_name} until then.",
        "Stripe calls these days a trial; its mail before a trial ends tells of the charge.",
    ]


def _extend(user: User, form: ActForm) -> str:
    assert isinstance(form, ExtendForm)
    row = extend_subscription(
        user, current_scope(), days=form.days.data or 0, actor=actor(), reason=form.reason.data or ""
    )
    return f"The next charge comes on {_day(row)}."


def _says_new_address(user: User) -> list[str]:
    return [
        f"Be sure that whoever asks is the owner of {user.email}: the new address can set a new password.",
        "The account is logged out everywhere, the new address gets a link that confirms it, and the old one is told.",
    ]


def _set_email(user: User, form: ActForm) -> str:
    assert isinstance(form, NewAddressForm)
    support.set_email(user, form.email.data or "", actor=actor(), reason=form.reason.data or "")
    return f"The address is {user.email} now."


def _verify(user: User, form: ActForm) -> str:
    address = support.send_verification_again(user, actor=actor(), reason=form.reason.data or "")
    return f"A link is on its way to {address}."


def _sign_out(user: User, form: ActForm) -> str:
    support.sign_out(user, actor=actor(), reason=form.reason.data or "")
    return f"{user.email} is logged out everywhere."


def _says_suspend(user: User) -> list[str]:
    return [
        f"{user.email} is logged out everywhere and cannot log in; links that were mailed to them do not work.",
        "When they try, they read that the account is suspended, and where to write to. They do not read the reason.",
        "What they pay for goes on: cancel or refund it as a step of its own.",
    ]


def _suspend(user: User, form: ActForm) -> str:
    support.suspend(user, actor=actor(), reason=form.reason.data or "")
    return f"{user.email} is suspended."


def _lift(user: User, form: ActForm) -> str:
    support.lift_suspension(user, actor=actor(), reason=form.reason.data or "")
    return f"{user.email} can log in again."


def _set_admin(user: User, form: ActForm, is_admin: bool) -> str:
    support.set_admin(user, is_admin, actor=actor(), reason=form.reason.data or "")
    return f"{user.email} is {'an admin now' if is_admin else 'no admin any more'}."


def _delete(user: User, form: ActForm) -> str:
    address = user.email
    support.delete_user(user, actor=actor(), reason=form.reason.data or "")
    return f"{address} is deleted."


def _can_change_subscription(user: User) -> bool:
    return subscription_to_change(user, current_scope()) is not None


ACTS = {
    "cancel": UserAct(
        "Cancel the subscription",
        "Cancel it",
        _says_cancel,
        _cancel,
        CancelForm,
        _can_change_subscription,
        form_for=lambda user: RefundingCancelForm if _refundable(user) else CancelForm,
        is_danger=True,
    ),
    "extend": UserAct("Give free days", "Give them", _says_extend, _extend, ExtendForm, _can_change_subscription),
    "resume": RESUME,
    "grant": GRANT,
    "revoke": REVOKE,
    "view": VIEW,
    "email": UserAct("Set a new address", "Set it", _says_new_address, _set_email, NewAddressForm),
    "verification": UserAct(
        "Send the link that confirms the address",
        "Send it",
        lambda user: [f"{user.pending_email or user.email} gets a new link; older ones stop working."],
        _verify,
        applies=lambda user: user.email_verified_at is None or user.pending_email is not None,
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
        lambda user, form: _set_admin(user, form, True),
        applies=lambda user: not user.is_admin and user.suspended_at is None,
        is_danger=True,
    ),
    "demote": UserAct(
        "Take these pages away",
        "Take them away",
        lambda user: [f"{user.email} is no admin any more, and is logged out."],
        lambda user, form: _set_admin(user, form, False),
        applies=lambda user: user.is_admin,
        is_danger=True,
    ),
    "suspend": UserAct(
        "Suspend",
        "Suspend them",
        _says_suspend,
        _suspend,
        SuspendForm,
        lambda user: user.suspended_at is None and not user.is_admin,
        is_danger=True,
    ),
    "lift": UserAct(
        "Lift the suspension",
        "Let them in",
        lambda user: [f"{user.email} can log in again. They were suspended because: {user.suspension_reason}"],
        _lift,
        applies=lambda user: user.suspended_at is not None,
    ),
    "delete": UserAct(
        "Delete the account",
        "Delete it for good",
        lambda user: [*deletion_summary(user), "This cannot be undone."],
        _delete,
        unheard="The account is still there, but what it pays for may have ended: delete it again.",
        is_danger=True,
    ),
}


def _day(subscription: Subscription) -> str:
    return date(subscription.current_period_end) if subscription.current_period_end else "its last day"
