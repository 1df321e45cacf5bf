"""Index subscriptions as they are listed: many may have begun in one second."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_subscriptions_begun", "subscriptions", ["started_at", "stripe_subscription_id"])
    # Destroys: nothing but an index that the new one stands in for.
    op.drop_index("ix_subscriptions_started_at", table_name="subscriptions")


def downgrade() -> None:
    op.create_index("ix_subscriptions_started_at", "subscriptions", ["started_at"])
    op.drop_index("ix_subscriptions_begun", table_name="subscriptions")
