"""Let sign-ins say how they came about and be confirmed, and accounts be without a password."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_sessions", sa.Column("method", sa.String(16), server_default="password", nullable=False))
    op.add_column("user_sessions", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("users") as users:
        users.alter_column("password_hash", existing_type=sa.String(255), nullable=True)


def downgrade() -> None:
    # Nobody's password fits an empty hash; who had none sets one with a link.
    op.execute("UPDATE users SET password_hash = '' WHERE password_hash IS NULL")
    with op.batch_alter_table("users") as users:
        users.alter_column("password_hash", existing_type=sa.String(255), nullable=False)
    for column in ("confirmed_at", "method"):
        op.drop_column("user_sessions", column)
