"""Let a change of address be undone for a week; links to set a password need no moment any more."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("previous_email", sa.String(254), nullable=True))
        users.add_column(sa.Column("email_changed_at", sa.DateTime(timezone=True), nullable=True))
        users.create_index("ix_users_previous_email", ["previous_email"])
        # Destroys: when the last link was sent. Links are bound to the password since; the version before needs it, so
        # stop that one first.
        users.drop_column("reset_sent_at")


def downgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("reset_sent_at", sa.DateTime(timezone=True), nullable=True))
        users.drop_index("ix_users_previous_email")
        users.drop_column("email_changed_at")
        users.drop_column("previous_email")
