"""Mark the payments of which a refund came back."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("has_failed_refund", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("payments", column)


def downgrade() -> None:
    op.drop_column("payments", "has_failed_refund")
