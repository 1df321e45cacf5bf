"""Remember how many seats were paid for before a change that is not."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("paid_quantity", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("subscriptions", "paid_quantity")
