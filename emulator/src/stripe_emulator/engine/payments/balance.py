"""Balance transactions: what each movement of money leaves in the account, with Stripe's fee."""

from decimal import Decimal

from stripe_emulator.engine.money import round_half_up
from stripe_emulator.engine.settings import DAY
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

CARD_RATE = Decimal("0.029")
CARD_FIXED = 30
DISPUTE_FEE = 1500


def charge_fee(amount: int) -> int:
    """Return what Stripe keeps of a card payment."""
    return min(amount, round_half_up(amount * CARD_RATE) + CARD_FIXED)


def record(
    tx: Transaction,
    type: str,
    source: Json,
    amount: int,
    *,
    fee: int = 0,
    category: str | None = None,
    description: str | None = None,
) -> Json:
    """Record a movement of `amount` caused by `source`."""
    now = tx.now(source)
    currency = source["currency"]
    transaction: Json = {
        "id": ids.new_id("balance_transaction"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + 2 * DAY,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [_fee_detail(fee, currency)] if fee else [],
        "net": amount - fee,
        "reporting_category": category or type,
        "source": source["id"],
        "status": "pending",
        "type": type,
    }
    return tx.insert(transaction)


def _fee_detail(fee: int, currency: str) -> Json:
    shown = {"application": None, "description": "Stripe processing fees", "type": "stripe_fee"}
    return {"amount": fee, "currency": currency, **shown}
