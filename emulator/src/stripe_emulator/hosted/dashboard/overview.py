"""The first page: what to copy, what time it is, what just happened."""

from flask import render_template

from stripe_emulator.engine.payments.cards import CARDS
from stripe_emulator.hosted.accounts import current_account
from stripe_emulator.hosted.dashboard.blueprint import bp
from stripe_emulator.hosted.dashboard.kinds import KINDS
from stripe_emulator.hosted.dashboard.queries import count, newest
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state.endpoint_secrets import live_secrets

#: Any key of this form is taken; this one is for copying.
KEY = "test_emulator00000000000000"
SHOWN_EVENTS = 12


@bp.get("/")
def overview() -> str:
    """Show keys, webhook secrets, the clock, counts and the newest events."""
    store = current_store()
    with store.read() as tx:
        account = current_account(tx)
        endpoints = [(each, live_secrets(tx, each["id"])) for each in tx.find("webhook_endpoint")]
        counts = [(kind, count(tx, kind.object)) for kind in KINDS.values()]
        events = newest(tx, "event", SHOWN_EVENTS)
    counts = [(kind, number) for kind, number in counts if number or kind.in_navigation]
    keys = {"Secret key": f"sk_{KEY}", "Publishable key": f"pk_{KEY}", "API address": store.base_url}
    return render_template(
        "dashboard/overview.html",
        account=account,
        keys=keys,
        endpoints=endpoints,
        counts=counts,
        events=events,
        cards=[card for card in CARDS if card.title],
    )
