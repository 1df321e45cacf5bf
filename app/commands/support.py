"""`flask billing refund`, `cancel` and `extend`: what support is asked for, with a question first."""

from decimal import Decimal, InvalidOperation

import click
from flask.cli import with_appcontext

from app.audit import COMMAND_LINE
from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.subscriptions.lookup import subscription_to_change
from app.billing.support.refunds import amount_refundable, find_payment, refund_payment
from app.billing.support.subscriptions import cancel_subscription, extend_subscription, extended_until
from app.commands.console import yes
from app.commands.lookup import user_with
from app.database import db
from app.templating import date, minor_units, money

because = click.option("--reason", default="", help="Kept in the audit.")


@click.command()
@click.argument("payment")
@click.option("--amount", help="As on the receipt, such as 9.50; without it, all that is left.")
@because
@yes
@with_appcontext
def refund(payment: str, amount: str | None, reason: str, yes: bool) -> None:
    """Give a payment back, all of it or a part. PAYMENT is its number, its invoice or its PaymentIntent."""
    scope = current_scope()
    found = find_payment(payment, scope)
    if found is None:
        raise click.ClickException(f"There is no payment {payment}; `flask billing payments` lists them.")
    cents = amount_refundable(found) if amount is None else _minor_units(amount, found.currency)
    if cents == 0 and amount is None:
        raise click.ClickException("Nothing of this payment can be refunded.")
    owner = db.session.get(User, found.user_id) if found.user_id else None
    _confirm(yes, f"Refund {money(cents, found.currency)} of {_described(found)} to {_name(owner)}?")
    refund_payment(found, cents, scope, actor=COMMAND_LINE, reason=reason)
    role = f" Role of {owner.email}: {owner.role}." if owner else ""
    click.echo(f"Refunded {money(cents, found.currency)}.{role}")


@click.command()
@click.argument("email")
@click.option("--now", is_flag=True, help="At once, rather than with the time that is paid for.")
@because
@yes
@with_appcontext
def cancel(email: str, now: bool, reason: str, yes: bool) -> None:
    """End a user's subscription. What was paid is not given back: that is `flask billing refund`."""
    scope, user = current_scope(), user_with(email)
    subscription = _subscription(user)
    when = "now" if now else f"on {_day(subscription)}, when its paid time ends"
    _confirm(yes, f"End the {subscription.plan_name} subscription of {user.email} {when}?")
    ended = cancel_subscription(user, scope, now=now, actor=COMMAND_LINE, reason=reason)
    last = f"ends on {date(ended.ends_at)}" if ended.ends_at else "has ended"
    click.echo(f"The subscription {last}. Role of {user.email}: {user.role}.")


@click.command()
@click.argument("email")
@click.option("--days", required=True, type=click.IntRange(min=1))
@because
@yes
@with_appcontext
def extend(email: str, days: int, reason: str, yes: bool) -> None:
    """Give a subscriber days that cost nothing: the next charge comes so much later."""
    scope, user = current_scope(), user_with(email)
    subscription = _subscription(user)
    until = date(extended_until(subscription, days))
    _confirm(yes, f"Charge {user.email} next on {until} instead of {_day(subscription)}?")
    extend_subscription(user, scope, days=days, actor=COMMAND_LINE, reason=reason)
    click.echo(f"The next charge comes on {until}.")


def _subscription(user: User) -> Subscription:
    found = subscription_to_change(user, current_scope())
    if found is None:
        raise click.ClickException(f"{user.email} has no subscription.")
    return found


def _confirm(yes: bool, question: str) -> None:
    # Nothing stays open while somebody thinks.
    db.session.commit()
    if not yes:
        click.confirm(question, abort=True)


def _minor_units(amount: str, currency: str) -> int:
    try:
        return minor_units(Decimal(amount), currency)
    except (InvalidOperation, ValueError) as error:
        raise click.ClickException(f"{amount} is not an amount in {currency.upper()}, such as 9.50.") from error


def _described(payment: Payment) -> str:
    return f"the {money(payment.amount, payment.currency)} of {date(payment.created_at)}"


def _name(owner: User | None) -> str:
    return owner.email if owner else "a deleted user"


def _day(subscription: Subscription) -> str:
    return date(subscription.current_period_end) if subscription.current_period_end else "the last day"
