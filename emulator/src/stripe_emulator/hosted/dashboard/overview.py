"""The first page: what one comes here to do, and what just happened; and the keys to copy."""

from flask import render_template

from stripe_emulator.engine.payments.cards import SUGGESTED
from stripe_emulator.hosted.accounts import current_account
from stripe_emulator.hosted.dashboard.blueprint import bp
from stripe_emulator.hosted.dashboard.kinds import KINDS
from stripe_emulator.hosted.dashboard.queries import count, newest
from stripe_emulator.hosted.dashboard.time_travel import lives, upcoming
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state import deliveries
from stripe_emulator.state.endpoint_secrets import live_secrets
from stripe_emulator.state.store import Json, Transaction

#: Any key of this form is taken; this one is for copying.
KEY = "test_emulator00000000000000"
SHOWN_EVENTS, SHOWN_DELIVERIES, SHOWN_SUBSCRIBERS = 8, 8, 6
SHOWN_LIVES = 3


@bp.get("/")
def overview() -> str:
    """Offer the clock, chaos and the newest subscribers' cards; show what was delivered and what happened."""
    with current_store().read() as tx:
        counts = [(kind, count(tx, kind.object)) for kind in KINDS.values()]
        context = {
            "counts": [(kind, number) for kind, number in counts if number or kind.in_navigation],
            "events": newest(tx, "event", SHOWN_EVENTS),
            "deliveries": deliveries.latest(tx, limit=SHOWN_DELIVERIES),
            "next_up": upcoming(tx, None),
            "lives": lives(tx, None, SHOWN_LIVES),
            "subscribers": subscribers(tx),
        }
    return render_template("dashboard/overview.html", **context)


@bp.get("/dashboard/keys")
def show_keys() -> str:
    """Show what to copy: keys, the address, webhook secrets, test cards."""
    store = current_store()
    with store.read() as tx:
        account = current_account(tx)
        endpoints = [(each, live_secrets(tx, each["id"])) for each in tx.find("webhook_endpoint")]
    keys = {"Secret key": f"sk_{KEY}", "Publishable key": f"pk_{KEY}", "API address": store.base_url}
    return render_template("dashboard/keys.html", account=account, keys=keys, endpoints=endpoints, cards=SUGGESTED)


def subscribers(tx: Transaction) -> list[tuple[Json, Json]]:
    """Return the customers of the newest subscriptions, each once, with that subscription."""
    found: dict[str, tuple[Json, Json]] = {}
    for subscription in newest(tx, "subscription", 4 * SHOWN_SUBSCRIBERS):
        customer = tx.get("customer", subscription["customer"])
        if customer and subscription["status"] not in ("canceled", "incomplete_expired"):
            found.setdefault(customer["id"], (customer, subscription))
    return list(found.values())[:SHOWN_SUBSCRIBERS]
