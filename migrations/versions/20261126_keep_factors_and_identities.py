"""Keep second factors, identities at other issuers, and tokens that were used."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _table(name: str, *columns: sa.Column, key: str = "id", unique: tuple[str, ...] = ()) -> None:
    rules = [sa.PrimaryKeyConstraint(key, name=f"pk_{name}")]
    if any(column.name == "user_id" for column in columns):
        rules.append(
            sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE", name=f"fk_{name}_user_id")
        )
    if unique:
        rules.append(sa.UniqueConstraint(*unique, name=f"uq_{name}_{'_'.join(unique)}"))
    op.create_table(name, *columns, *rules)
    if key != "user_id" and any(column.name == "user_id" for column in columns):
        op.create_index(f"ix_{name}_user_id", name, ["user_id"])


def upgrade() -> None:
    _table(
        "authenticators",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(255), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        key="user_id",
    )
    _table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        unique=("credential_id",),
    )
    _table(
        "recovery_codes",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        key="digest",
    )
    _table(
        "trusted_devices",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        key="digest",
    )
    _table(
        "factor_resets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        key="user_id",
    )
    _table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        unique=("issuer", "subject"),
    )
    _table(
        "used_tokens",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        key="digest",
    )
    op.create_index("ix_used_tokens_expires_at", "used_tokens", ["expires_at"])


def downgrade() -> None:
    for name in ("used_tokens", "identities", "factor_resets", "trusted_devices", "recovery_codes"):
        op.drop_table(name)
    for name in ("passkeys", "authenticators"):
        op.drop_table(name)
