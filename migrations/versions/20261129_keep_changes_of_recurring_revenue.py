"""Keep when what a subscription brings in a month changed."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recurring_changes",
        sa.Column("stripe_subscription_id", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(255), nullable=False),
        sa.Column("stripe_account", sa.String(255), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_subscription_id", "number", name=op.f("pk_recurring_changes")),
    )
    columns = ["stripe_account", "livemode", "at"]
    op.create_index("ix_recurring_changes_scope", "recurring_changes", columns)
    op.create_index("ix_recurring_changes_stripe_customer_id", "recurring_changes", ["stripe_customer_id"])


def downgrade() -> None:
    op.drop_table("recurring_changes")
