"""Keep when anything of a subscription is charged again, and what discounts take off of what is charged now."""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("renews_at", UtcDateTime(), nullable=True))
    op.add_column("subscriptions", sa.Column("period_discount", sa.BigInteger(), nullable=True))
    op.execute("UPDATE subscriptions SET renews_at = current_period_end, period_discount = next_discount")


def downgrade() -> None:
    op.drop_column("subscriptions", "period_discount")
    op.drop_column("subscriptions", "renews_at")
