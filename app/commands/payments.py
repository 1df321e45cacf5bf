"""`flask billing payments`."""

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.database import db
from app.templating import money


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@with_appcontext
def payments(limit: int) -> None:
    """Show recent payments, newest first."""
    newest = sa.select(Payment, User.email).outerjoin(User, User.id == Payment.user_id)
    newest = newest.where(current_scope().covers(Payment))
    rows = db.session.execute(newest.order_by(Payment.created_at.desc(), Payment.id.desc()).limit(limit)).all()
    for payment, email in rows:
        refunded = f", {money(payment.amount_refunded, payment.currency)} refunded" if payment.amount_refunded else ""
        amount = money(payment.amount, payment.currency)
        reference = payment.number or payment.stripe_invoice_id or payment.stripe_payment_intent_id or ""
        click.echo(
            f"{payment.created_at:%Y-%m-%d %H:%M}  {amount:>10}  {payment.status}{refunded}  "
            f"{email or 'deleted user'}  {reference}"
        )
    if not rows:
        click.echo("No payments yet.")
