"""Let people be suspended and seen as, say why something was granted, and have long lists begin at once."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_users_created_at": ("users", ["created_at", "id"]),
    "ix_users_last_seen_at": ("users", ["last_seen_at", "id"]),
    "ix_users_role": ("users", ["role", "created_at", "id"]),
    "ix_users_plan_key": ("users", ["plan_key", "created_at", "id"]),
    "ix_stripe_events_object_id": ("stripe_events", ["object_id"]),
    "ix_role_changes_changed_at": ("role_changes", ["changed_at"]),
    "ix_orders_created_at": ("orders", ["created_at"]),
    "ix_subscriptions_started_at": ("subscriptions", ["started_at"]),
}
OF_FEW = {
    "ix_users_unverified": ("users", ["created_at", "id"], "email_verified_at IS NULL"),
    "ix_users_suspended": ("users", ["created_at", "id"], "suspended_at IS NOT NULL"),
    "ix_users_admin": ("users", ["created_at", "id"], "is_admin"),
    "ix_subscriptions_unpaid": ("subscriptions", ["user_id"], "status IN ('incomplete', 'past_due', 'unpaid')"),
}
LAST_SEEN = """
UPDATE users SET last_seen_at = coalesce(
    (SELECT max(last_used_at) FROM user_sessions WHERE user_sessions.user_id = users.id), created_at)
"""


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
        users.add_column(sa.Column("suspension_reason", sa.Text(), server_default="", nullable=False))
        users.add_column(sa.Column("refuses_viewing", sa.Boolean(), server_default=sa.false(), nullable=False))
        users.add_column(
            sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default="1970-01-01 00:00:00", nullable=False)
        )
    with op.batch_alter_table("user_sessions") as sessions:
        sessions.add_column(sa.Column("viewed_user_id", sa.Uuid(), nullable=True))
        sessions.add_column(sa.Column("viewed_until", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("grants") as grants:
        grants.add_column(sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.execute(LAST_SEEN)
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)
    for name, (table, columns, condition) in OF_FEW.items():
        holds = sa.text(condition)
        op.create_index(name, table, columns, postgresql_where=holds, sqlite_where=holds)


def downgrade() -> None:
    for name, (table, *_) in (OF_FEW | INDEXES).items():
        op.drop_index(name, table_name=table)
    with op.batch_alter_table("grants") as grants:
        grants.drop_column("reason")
    with op.batch_alter_table("user_sessions") as sessions:
        sessions.drop_column("viewed_until")
        sessions.drop_column("viewed_user_id")
    with op.batch_alter_table("users") as users:
        for name in ("last_seen_at", "refuses_viewing", "suspension_reason", "suspended_at"):
            users.drop_column(name)
