"""Mirror the plan and the seats that a scheduled change brings."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("next_plan_key", sa.String(32), nullable=True))
    op.add_column("subscriptions", sa.Column("next_quantity", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("subscriptions", "next_quantity")
    op.drop_column("subscriptions", "next_plan_key")
