"""Keep of a closed account that there was one, under names that tell nobody whose."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "deleted_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address_digest", sa.String(64), nullable=False),
        sa.Column("signed_up_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=False),
        sa.Column("device", sa.String(120), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("stripe_customers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deleted_accounts"),
    )
    op.create_index("ix_deleted_accounts_address_digest", "deleted_accounts", ["address_digest"])
    op.create_index("ix_deleted_accounts_deleted_at", "deleted_accounts", ["deleted_at"])


def downgrade() -> None:
    op.drop_table("deleted_accounts")
