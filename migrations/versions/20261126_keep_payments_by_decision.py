"""Note which payments an operator decided to keep."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payments", sa.Column("settled_by", sa.String(254), nullable=True))


def downgrade() -> None:
    op.drop_column("payments", "settled_by")
    op.drop_column("payments", "settled_at")
