"""Orders and payments: fulfilled, recorded, refunded, disputed."""
