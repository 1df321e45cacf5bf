"""`flask billing refund`, `cancel` and `extend`: what support is asked for, with a question first."""

from decimal import Decimal, InvalidOperation

import click
from flask.cli import with_appcontext

from app.audit import COMMAND_LINE
from app.auth.models import User
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.objects import RefundObject
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.support.refunds import amount_refundable, find_payment, refund_payment, refundable_payment
from app.billing.support.subscriptions import cancel_subscription, extend_subscription, extended_until, subscription_of
from app.commands.console import as_json, ask, because, tell, yes
from app.commands.lookup import user_with
from app.database import db
from app.templating import date, minor_units, money


@click.command()
@click.argument("payment")
@click.option("--amount", help="As on the receipt, such as 9.50; without it, all that is left.")
@because
@yes
@as_json
@with_appcontext
def refund(payment: str, amount: str | None, reason: str, yes: bool, as_json: bool) -> None:
    """Give a payment back, all of it or a part. PAYMENT is its number, its invoice or its PaymentIntent."""
    scope = current_scope()
    found = find_payment(payment, scope)
    if found is None:
        raise click.ClickException(f"There is no payment {payment}; `flask billing payments` lists them.")
    cents = amount_refundable(found) if amount is None else _minor_units(amount, found.currency)
    if cents == 0 and amount is None:
        raise click.ClickException("Nothing of this payment can be refunded.")
    owner = db.session.get(User, found.user_id) if found.user_id else None
    ask(f"Refund {money(cents, found.currency)} of {_described(found)} to {_name(owner)}?", yes)
    made = refund_payment(found, cents, scope, actor=COMMAND_LINE, reason=reason)
    role = f" Role of {owner.email}: {owner.role}." if owner else ""
    facts = {"refund": made.id, "amount": made.amount, "currency": found.currency, "payment": found.id}
    tell(f"Refunded {money(cents, found.currency)}.{role}", as_json, **facts, role=owner.role if owner else None)


@click.command()
@click.argument("email")
@click.option("--now", is_flag=True, help="At once, rather than with the time that is paid for.")
@click.option("--refund", "gives_back", is_flag=True, help="Give back what is left of the last payment, first.")
@because
@yes
@as_json
@with_appcontext
def cancel(email: str, now: bool, gives_back: bool, reason: str, yes: bool, as_json: bool) -> None:
    """End a user's subscription. Without `--refund` nothing of what was paid is given back."""
    scope, user = current_scope(), user_with(email)
    subscription = subscription_of(user, scope)
    payment = refundable_payment(subscription, scope) if gives_back else None
    if gives_back and payment is None:
        raise click.ClickException("Nothing of the last payment can be given back: leave out --refund.")
    when = "now" if now else f"on {_day(subscription)}, when its paid time ends"
    back = f", and give {money(amount_refundable(payment), payment.currency)} back" if payment else ""
    ask(f"End the {subscription.plan_name} subscription of {user.email} {when}{back}?", yes)
    # The money first: doing it again without --refund then ends what is left to end.
    made = _give_back(payment, scope, reason) if payment else None
    ended = cancel_subscription(user, scope, now=now, actor=COMMAND_LINE, reason=reason)
    last = f"ends on {date(ended.ends_at)}" if ended.ends_at else "has ended"
    facts = {"subscription": ended.stripe_subscription_id, "status": ended.status, "ends_at": ended.ends_at}
    words = f"The subscription {last}. Role of {user.email}: {user.role}."
    tell(words, as_json, **facts, role=user.role, refunded=made.amount if made else 0)


@click.command()
@click.argument("email")
@click.option("--days", required=True, type=click.IntRange(min=1))
@because
@yes
@as_json
@with_appcontext
def extend(email: str, days: int, reason: str, yes: bool, as_json: bool) -> None:
    """Give a subscriber days that cost nothing: the next charge comes so much later."""
    scope, user = current_scope(), user_with(email)
    subscription = subscription_of(user, scope)
    until = date(extended_until(subscription, days))
    ask(f"Charge {user.email} next on {until} instead of {_day(subscription)}?", yes)
    row = extend_subscription(user, scope, days=days, actor=COMMAND_LINE, reason=reason)
    facts = {"subscription": row.stripe_subscription_id, "next_charge_at": row.current_period_end}
    tell(f"The next charge comes on {until}.", as_json, **facts)


def _give_back(payment: Payment, scope: StripeScope, reason: str) -> RefundObject:
    amount, currency = amount_refundable(payment), payment.currency
    made = refund_payment(payment, amount, scope, actor=COMMAND_LINE, reason=reason)
    click.echo(f"{money(made.amount, currency)} is on its way back.", err=True)
    return made


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
