"""Keep what the account page shows of the card on file, and which accounts have paid with which card, as digests."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ON_FILE = {
    "stripe_payment_method_id": sa.String(255),
    "card_brand": sa.String(32),
    "card_last4": sa.String(32),
    "card_exp_month": sa.Integer(),
    "card_exp_year": sa.Integer(),
    "card_valid_until": MOMENT,
}


def upgrade() -> None:
    for name, kind in ON_FILE.items():
        op.add_column("stripe_customers", sa.Column(name, kind, nullable=True))
    op.create_index(
        op.f("ix_stripe_customers_stripe_payment_method_id"), "stripe_customers", ["stripe_payment_method_id"]
    )
    op.create_table(
        "used_cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_digest", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("stripe_account", sa.String(255), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("first_used_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_used_cards_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_used_cards")),
        sa.UniqueConstraint(
            "card_digest",
            "user_id",
            "stripe_account",
            "livemode",
            name=op.f("uq_used_cards_card_digest_user_id_stripe_account_livemode"),
        ),
    )
    op.create_index(op.f("ix_used_cards_user_id"), "used_cards", ["user_id"])


def downgrade() -> None:
    op.drop_table("used_cards")
    op.drop_index(op.f("ix_stripe_customers_stripe_payment_method_id"), "stripe_customers")
    for name in reversed(ON_FILE):
        op.drop_column("stripe_customers", name)
