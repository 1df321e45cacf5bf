"""Index payments by what they come to, as their list is sorted."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payments_amount", "payments", ["currency", "amount", "id"])


def downgrade() -> None:
    op.drop_index("ix_payments_amount", table_name="payments")
