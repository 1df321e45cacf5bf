"""How a subscription schedule goes from phase to phase, and ends."""

from stripe_emulator.api import errors
from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.settings import DAY
from stripe_emulator.engine.subscriptions import ending
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.engine.subscriptions.item_changes import apply_entries
from stripe_emulator.engine.subscriptions.schedule_settings import subscription_params
from stripe_emulator.engine.subscriptions.subscription_items import period_end
from stripe_emulator.engine.subscriptions.subscription_settings import set_fields
from stripe_emulator.engine.subscriptions.subscription_timers import set_timers
from stripe_emulator.engine.subscriptions.subscription_updates import update_subscription
from stripe_emulator.engine.subscriptions.subscriptions import create_subscription
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction

#: Stripe's reference says seven days; the official CLI's trigger for the event stops its clock nine days before.
EXPIRING_SECONDS = 9 * DAY


def release_schedule(tx: Transaction, schedule: Json) -> Json:
    """Let the subscription go on by itself as it is."""
    check_open(schedule)
    return _release(tx, schedule)


def _release(tx: Transaction, schedule: Json) -> Json:
    subscription = tx.get("subscription", schedule["subscription"] or "")
    timers.clear_timer(tx, "advance_schedule", schedule["id"])
    timers.clear_timer(tx, "announce_schedule_end", schedule["id"])
    schedule.update(
        status="released",
        released_at=tx.now(schedule),
        released_subscription=schedule["subscription"],
        subscription=None,
        current_phase=None,
    )
    tx.save(schedule)
    tx.emit("subscription_schedule.released", schedule)
    if subscription is not None:
        attach(tx, subscription, None)
    return schedule


def advance(tx: Transaction, schedule: Json) -> None:
    """Go on to the phase whose time has come, or to the end."""
    if schedule["status"] == "not_started":
        begin(tx, schedule)
    elif schedule["status"] == "active":
        now = tx.now(schedule)
        index = next(
            (n for n, phase in enumerate(schedule["phases"]) if phase["start_date"] <= now < phase["end_date"]),
            None,
        )
        if index is None:
            _finish(tx, schedule)
        else:
            _enter(tx, schedule, index)


def begin(tx: Transaction, schedule: Json) -> None:
    """Make the subscription of the first phase."""
    customer = tx.require("customer", id_of(schedule["customer"]))
    phase = schedule["phases"][0]
    params = {
        "items": [{"price": each["price"], "quantity": each.get("quantity")} for each in phase["items"]],
        "trial_end": phase["trial_end"],
        "billing_mode": schedule["billing_mode"],
        "currency": phase["currency"],
        **subscription_params(tx, schedule, phase),
    }
    given = {key: value for key, value in params.items() if value}
    subscription = create_subscription(tx, customer, given, scheduled=True)
    with changing(tx, "subscription_schedule.updated", schedule):
        schedule["subscription"] = subscription["id"]
        start_phase(schedule, 0)
    attach(tx, subscription, schedule["id"])
    set_phase_timer(tx, schedule)


def _enter(tx: Transaction, schedule: Json, index: int) -> None:
    subscription = tx.require("subscription", schedule["subscription"])
    with changing(tx, "subscription_schedule.updated", schedule):
        start_phase(schedule, index)
    set_phase_timer(tx, schedule)
    _bring_to(tx, subscription, schedule["phases"][index])


def _bring_to(tx: Transaction, subscription: Json, phase: Json) -> None:
    """Make the subscription what a phase says it is."""
    params = params_of(tx, subscription, phase)
    if tx.now(subscription) < period_end(subscription):
        update_subscription(tx, subscription, params)
        return
    # The old period is used up: the renewal that follows bills the new items, so nothing is prorated.
    with changing(tx, "customer.subscription.updated", subscription):
        subscription["items"]["data"] = apply_entries(tx, subscription, params["items"])
        set_fields(tx, subscription, params)
    set_timers(tx, subscription)
    sync_entitlements(tx, subscription["customer"])


def phases_to_come(tx: Transaction, subscription: Json) -> list[Json]:
    """Return the phases that begin after the running one, and with the subscription's next renewal at the latest."""
    schedule = tx.get("subscription_schedule", subscription["schedule"] or "") or {"status": "none"}
    phases = schedule["phases"] if schedule["status"] == "active" else []
    ends = period_end(subscription)
    return [phase for phase in phases if schedule["current_phase"]["start_date"] < phase["start_date"] <= ends]


def params_of(tx: Transaction, subscription: Json, phase: Json) -> Json:
    """Return the update of the subscription that makes it what a phase says it is."""
    schedule = tx.require("subscription_schedule", subscription["schedule"])
    settings = subscription_params(tx, schedule, phase, subscription["discounts"])
    return {"items": _entries(subscription, phase), "proration_behavior": phase["proration_behavior"], **settings}


def end_of(tx: Transaction, subscription: Json) -> int | None:
    """Return when the subscription's schedule cancels it, or None if it does not."""
    schedule = tx.get("subscription_schedule", subscription["schedule"] or "") or {"status": "none"}
    cancels = schedule["status"] == "active" and schedule["end_behavior"] == "cancel"
    return int(schedule["phases"][-1]["end_date"]) if cancels else None


def _entries(subscription: Json, phase: Json) -> list[Json]:
    held = list(subscription["items"]["data"])
    entries: list[Json] = []
    for wanted in phase["items"]:
        same = next((item for item in held if item["price"]["id"] == wanted["price"]), held[0] if held else None)
        if same is not None:
            held.remove(same)
        given = {"price": wanted["price"], "quantity": wanted.get("quantity")}
        entries.append({**given, "id": same["id"]} if same else given)
    return entries + [{"id": item["id"], "deleted": True} for item in held]


def _finish(tx: Transaction, schedule: Json) -> None:
    subscription = tx.get("subscription", schedule["subscription"] or "")
    schedule.update(status="completed", completed_at=tx.now(schedule), current_phase=None)
    tx.save(schedule)
    tx.emit("subscription_schedule.completed", schedule)
    if schedule["end_behavior"] == "release":
        # It is complete, and it lets its subscription go: both are told.
        _release(tx, schedule)
    elif (
        schedule["end_behavior"] == "cancel" and subscription is not None and subscription["status"] not in ending.OVER
    ):
        ending.end_subscription(tx, subscription)


def resume_phase(tx: Transaction, schedule: Json) -> None:
    """After new phases were given, find the one that is running and bring the subscription to it."""
    if schedule["status"] != "active":
        return
    now = tx.now(schedule)
    index = next((n for n, phase in enumerate(schedule["phases"]) if phase["start_date"] <= now < phase["end_date"]), 0)
    start_phase(schedule, index)
    subscription = tx.require("subscription", schedule["subscription"])
    _bring_to(tx, subscription, schedule["phases"][index])


def start_phase(schedule: Json, index: int) -> None:
    """Make a phase the current one."""
    phase = schedule["phases"][index]
    schedule.update(status="active", current_phase={"start_date": phase["start_date"], "end_date": phase["end_date"]})


def set_phase_timer(tx: Transaction, schedule: Json) -> None:
    """Go on when the current phase ends, and say a week before that the schedule will."""
    if schedule["status"] != "active":
        return
    ends, clock = schedule["current_phase"]["end_date"], schedule["test_clock"]
    timers.set_timer(tx, "advance_schedule", schedule["id"], ends, clock)
    if ends == schedule["phases"][-1]["end_date"]:
        timers.set_timer(tx, "announce_schedule_end", schedule["id"], ends - EXPIRING_SECONDS, clock)


def announce_end(tx: Transaction, schedule: Json) -> None:
    """Emit `subscription_schedule.expiring`."""
    if schedule["status"] == "active":
        tx.emit("subscription_schedule.expiring", schedule)


def attach(tx: Transaction, subscription: Json, schedule_id: str | None) -> None:
    """Point the subscription at its schedule, or at none."""
    with changing(tx, "customer.subscription.updated", subscription):
        subscription["schedule"] = schedule_id


def check_open(schedule: Json) -> None:
    """Refuse to change a schedule that is over."""
    if schedule["status"] not in ("active", "not_started"):
        raise errors.invalid_request(f"You cannot change a subscription schedule that is {schedule['status']}.")
