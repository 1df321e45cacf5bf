"""Keep until when a dispute has to be answered, and what it is about."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("payments") as payments:
        payments.add_column(sa.Column("dispute_due_by", sa.DateTime(timezone=True), nullable=True))
        payments.add_column(sa.Column("dispute_reason", sa.String(64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("payments") as payments:
        payments.drop_column("dispute_reason")
        payments.drop_column("dispute_due_by")
