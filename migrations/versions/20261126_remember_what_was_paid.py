"""Remember since when a subscription is unpaid, and what of it was paid before."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("unpaid_since", MOMENT, nullable=True))
    op.add_column("subscriptions", sa.Column("paid_until", MOMENT, nullable=True))
    op.add_column("subscriptions", sa.Column("paid_plan_key", sa.String(32), nullable=True))
    op.add_column("subscriptions", sa.Column("paid_role", sa.String(32), nullable=True))
    op.add_column("subscriptions", sa.Column("paid_role_rank", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    for column in ("paid_role_rank", "paid_role", "paid_plan_key", "paid_until", "unpaid_since"):
        op.drop_column("subscriptions", column)
