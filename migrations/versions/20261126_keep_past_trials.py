"""Keep which addresses have had a free trial, as digests."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "past_trials",
        sa.Column("address_digest", sa.String(64), nullable=False),
        sa.Column("stripe_account", sa.String(255), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_digest", "stripe_account", "livemode", name=op.f("pk_past_trials")),
    )


def downgrade() -> None:
    op.drop_table("past_trials")
