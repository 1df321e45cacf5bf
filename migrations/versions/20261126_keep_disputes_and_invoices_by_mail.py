"""Keep disputes with the payment they are about, and invoices that were sent by mail or withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE = ("paid", "failed", "action_required")
ADDED = ("open", "overdue", "uncollectible", "void")
# A dispute was kept with the order alone.
TAKE_OVER = """
UPDATE payments SET
    stripe_dispute_id = (SELECT o.stripe_dispute_id FROM orders o
                         WHERE o.stripe_payment_intent_id = payments.stripe_payment_intent_id),
    dispute_status = (SELECT o.dispute_status FROM orders o
                      WHERE o.stripe_payment_intent_id = payments.stripe_payment_intent_id),
    amount_disputed = amount
WHERE stripe_payment_intent_id IN (SELECT stripe_payment_intent_id FROM orders WHERE stripe_dispute_id IS NOT NULL)
"""


def upgrade() -> None:
    with op.batch_alter_table("payments") as payments:
        payments.add_column(sa.Column("stripe_dispute_id", sa.String(255), nullable=True))
        payments.add_column(sa.Column("dispute_status", sa.String(32), nullable=True))
        payments.add_column(sa.Column("amount_disputed", sa.BigInteger(), server_default="0", nullable=False))
        payments.drop_constraint(op.f("ck_payments_status"), type_="check")
        payments.create_check_constraint(op.f("ck_payments_status"), _one_of(*BEFORE, *ADDED))
    op.execute(TAKE_OVER)


def downgrade() -> None:
    op.execute(f"DELETE FROM payments WHERE {_one_of(*ADDED)}")
    with op.batch_alter_table("payments") as payments:
        payments.drop_constraint(op.f("ck_payments_status"), type_="check")
        payments.create_check_constraint(op.f("ck_payments_status"), _one_of(*BEFORE))
        for column in ("amount_disputed", "dispute_status", "stripe_dispute_id"):
            payments.drop_column(column)


def _one_of(*values: str) -> str:
    return f"status IN ({', '.join(repr(value) for value in values)})"
