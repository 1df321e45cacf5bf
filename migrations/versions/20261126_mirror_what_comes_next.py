"""Mirror what the words about a subscription need: how often, how long paused, why it ends, and the next charge."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPTIONAL = {
    "collection_resumes_at": MOMENT,
    "cancellation_reason": sa.String(64),
    "cancellation_feedback": sa.String(64),
    "cancellation_comment": sa.Text(),
    "next_amount": sa.BigInteger(),
    "next_currency": sa.String(3),
    "next_charge_at": MOMENT,
    "next_discount": sa.BigInteger(),
    "next_discount_names": sa.Text(),
    "next_asked_for": MOMENT,
    "next_valid_until": MOMENT,
}


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("interval_count", sa.Integer(), server_default="1", nullable=False))
    for name, kind in OPTIONAL.items():
        op.add_column("subscriptions", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in reversed(OPTIONAL):
        op.drop_column("subscriptions", name)
    op.drop_column("subscriptions", "interval_count")
