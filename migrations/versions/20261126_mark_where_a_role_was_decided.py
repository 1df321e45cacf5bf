"""Mark in which Stripe account and mode a user's role was decided."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("role_scope", sa.String(261), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "role_scope")
