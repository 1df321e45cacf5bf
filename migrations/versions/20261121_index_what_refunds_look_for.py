"""Index what refunds, and payments of an order, are looked up by."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_stripe_customer_id", "orders", ["stripe_customer_id"])
    op.create_index("ix_payments_order_id", "payments", ["order_id"])


def downgrade() -> None:
    op.drop_index("ix_payments_order_id", "payments")
    op.drop_index("ix_orders_stripe_customer_id", "orders")
