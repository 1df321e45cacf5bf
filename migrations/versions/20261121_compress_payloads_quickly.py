"""Compress the events' payloads with lz4, where the server has it, and keep those that became small in their row.

Compressing and setting aside would be a quarter of PostgreSQL's work for an event.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# PostgreSQL has it since version 14, when it was built with it; elsewhere nothing changes.
SET_COMPRESSION = """
DO $$
BEGIN
    EXECUTE 'ALTER TABLE stripe_events ALTER payload SET COMPRESSION {method}';
EXCEPTION
    WHEN feature_not_supported OR syntax_error OR invalid_parameter_value THEN NULL;
END
$$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(SET_COMPRESSION.format(method="lz4"))
        op.execute("ALTER TABLE stripe_events SET (toast_tuple_target = 4080)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(SET_COMPRESSION.format(method="pglz"))
        op.execute("ALTER TABLE stripe_events RESET (toast_tuple_target)")
