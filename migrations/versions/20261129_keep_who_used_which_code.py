"""Keep who used which promotion code."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_codes",
        sa.Column("code_id", sa.String(255), nullable=False),
        sa.Column("used_for", sa.String(255), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("stripe_account", sa.String(255), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("plan_key", sa.String(32), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_used_codes_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("code_id", "used_for", name=op.f("pk_used_codes")),
    )
    op.create_index("ix_used_codes_user_id", "used_codes", ["user_id"])
    op.create_index("ix_used_codes_used_at", "used_codes", ["used_at"])


def downgrade() -> None:
    op.drop_table("used_codes")
