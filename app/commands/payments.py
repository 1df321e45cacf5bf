"""`flask billing payments`."""

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.commands.console import as_json, tell_json, tell_rows
from app.database import db
from app.templating import money

FACTS = (
    *("id", "number", "status", "amount", "currency", "amount_refunded", "dispute_status", "description"),
    *("stripe_invoice_id", "stripe_payment_intent_id", "stripe_subscription_id", "created_at", "paid_at"),
)


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@as_json
@with_appcontext
def payments(limit: int, as_json: bool) -> None:
    """Show recent payments, newest first."""
    newest = sa.select(Payment, User.email).outerjoin(User, User.id == Payment.user_id)
    newest = newest.where(current_scope().covers(Payment))
    found = db.session.execute(newest.order_by(Payment.created_at.desc(), Payment.id.desc()).limit(limit)).all()
    if as_json:
        tell_json([{"email": email} | {name: getattr(payment, name) for name in FACTS} for payment, email in found])
    else:
        tell_rows(
            ("Date (UTC)", "#Amount", "Status", "#Refunded", "Who", "Number"),
            [_row(payment, email) for payment, email in found],
            nothing="No payments yet.",
        )


def _row(payment: Payment, email: str | None) -> tuple[str, ...]:
    refunded = money(payment.amount_refunded, payment.currency) if payment.amount_refunded else ""
    reference = payment.number or payment.stripe_invoice_id or payment.stripe_payment_intent_id or ""
    return (
        f"{payment.created_at:%Y-%m-%d %H:%M}",
        money(payment.amount, payment.currency),
        payment.status,
        refunded,
        email or "deleted user",
        reference,
    )
