"""Free roles and plans from the schema, and remember what a price bought."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.drop_constraint(op.f("ck_users_role"), type_="check")
        users.alter_column("role", existing_type=sa.String(16), type_=sa.String(32), existing_nullable=False)
        users.add_column(sa.Column("role_rank", sa.Integer(), server_default="0", nullable=False))
        users.add_column(sa.Column("plan_key", sa.String(32), nullable=True))
    with op.batch_alter_table("grants") as grants:
        grants.drop_constraint(op.f("ck_grants_role"), type_="check")
        grants.alter_column("role", existing_type=sa.String(16), type_=sa.String(32), existing_nullable=False)
        grants.add_column(sa.Column("role_rank", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("role_changes") as changes:
        for column in ("role_before", "role_after"):
            changes.alter_column(column, existing_type=sa.String(16), type_=sa.String(32), existing_nullable=False)
    with op.batch_alter_table("subscriptions") as subscriptions:
        subscriptions.add_column(sa.Column("plan_key", sa.String(32), nullable=True))
        subscriptions.add_column(sa.Column("role", sa.String(32), nullable=True))
        subscriptions.add_column(sa.Column("role_rank", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("role", sa.String(32), nullable=True))
        orders.add_column(sa.Column("role_rank", sa.Integer(), server_default="0", nullable=False))
        orders.add_column(sa.Column("seats", sa.Integer(), server_default="1", nullable=False))
        orders.create_check_constraint("amount", "amount >= 0")
        orders.create_check_constraint("seats", "seats >= 1")
    with op.batch_alter_table("payments") as payments:
        payments.create_check_constraint(
            "stripe_id", "stripe_invoice_id IS NOT NULL OR stripe_payment_intent_id IS NOT NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("payments") as payments:
        payments.drop_constraint(op.f("ck_payments_stripe_id"), type_="check")
    with op.batch_alter_table("orders") as orders:
        orders.drop_constraint(op.f("ck_orders_seats"), type_="check")
        orders.drop_constraint(op.f("ck_orders_amount"), type_="check")
        for column in ("seats", "role_rank", "role"):
            orders.drop_column(column)
    with op.batch_alter_table("subscriptions") as subscriptions:
        for column in ("role_rank", "role", "plan_key"):
            subscriptions.drop_column(column)
    # The names of roles may be others than the first ones by now, so the checks of those do not come back.
    with op.batch_alter_table("grants") as grants:
        grants.drop_column("role_rank")
    with op.batch_alter_table("users") as users:
        users.drop_column("plan_key")
        users.drop_column("role_rank")
