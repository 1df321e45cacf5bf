"""Subscription schedules: phases of a subscription, each with its items, that follow each other by themselves."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.api.metadata import merged
from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.subscriptions import ending
from stripe_emulator.engine.subscriptions.schedule_phases import build_phases, phase_of_subscription
from stripe_emulator.engine.subscriptions.schedule_progress import (
    attach,
    begin,
    check_open,
    resume_phase,
    set_phase_timer,
    start_phase,
)
from stripe_emulator.engine.subscriptions.schedule_settings import default_settings
from stripe_emulator.engine.subscriptions.subscription_settings import billing_mode
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

KIND = "subscription_schedule"


def schedule_existing(tx: Transaction, subscription: Json) -> Json:
    """Put an existing subscription on a schedule whose one phase is what it is now."""
    if subscription["schedule"]:
        message = (
            f"You cannot migrate a subscription that is already attached to a schedule: {subscription['schedule']}"
        )
        raise errors.invalid_request(message, "from_subscription")
    if subscription["status"] in ending.OVER:
        raise errors.invalid_request("You cannot schedule a canceled subscription.", "from_subscription")
    customer = tx.require("customer", subscription["customer"])
    schedule = _build(tx, customer, {"end_behavior": "release"}, [phase_of_subscription(subscription)])
    schedule["subscription"] = subscription["id"]
    start_phase(schedule, 0)
    tx.insert(schedule)
    tx.emit("subscription_schedule.created", schedule)
    attach(tx, subscription, schedule["id"])
    set_phase_timer(tx, schedule)
    return schedule


def schedule_new(tx: Transaction, customer: Json, params: Json) -> Json:
    """Schedule a subscription that begins with its first phase, now or later."""
    now = tx.now(customer)
    given = params.get("start_date")
    start = now if given in (None, "now") else int(given or now)
    phases = build_phases(tx, params.get("phases") or [], max(start, now))
    schedule = _build(tx, customer, params, phases)
    tx.insert(schedule)
    tx.emit("subscription_schedule.created", schedule)
    if start <= now:
        begin(tx, schedule)
    else:
        timers.set_timer(tx, "advance_schedule", schedule["id"], start, schedule["test_clock"])
    return schedule


def update_schedule(tx: Transaction, schedule: Json, params: Json) -> Json:
    """Change the schedule's phases or settings."""
    check_open(schedule)
    with changing(tx, "subscription_schedule.updated", schedule):
        if "metadata" in params:
            schedule["metadata"] = merged(schedule["metadata"], params["metadata"])
        if "default_settings" in params:
            schedule["default_settings"] = default_settings(params["default_settings"], schedule["default_settings"])
        if params.get("end_behavior"):
            schedule["end_behavior"] = params["end_behavior"]
        if params.get("phases"):
            first = (schedule["current_phase"] or {}).get("start_date") or tx.now(schedule)
            running = tx.get("subscription", schedule["subscription"] or "") or {}
            schedule["phases"] = build_phases(tx, params["phases"], first, running.get("currency"))
            resume_phase(tx, schedule)
    set_phase_timer(tx, schedule)
    return schedule


def cancel_schedule(tx: Transaction, schedule: Json) -> Json:
    """Cancel the schedule and its subscription at once."""
    check_open(schedule)
    subscription = tx.get("subscription", schedule["subscription"] or "")
    schedule.update(status="canceled", canceled_at=tx.now(schedule), current_phase=None)
    timers.clear_timer(tx, "advance_schedule", schedule["id"])
    timers.clear_timer(tx, "announce_schedule_end", schedule["id"])
    tx.save(schedule)
    tx.emit("subscription_schedule.canceled", schedule)
    if subscription is not None and subscription["status"] not in ending.OVER:
        ending.end_subscription(tx, subscription)
    return schedule


def _build(tx: Transaction, customer: Json, params: Json, phases: list[Json]) -> Json:
    now = tx.now(customer)
    return {
        "id": ids.new_id(KIND),
        "object": KIND,
        "billing_mode": copy.deepcopy(billing_mode(params.get("billing_mode"), now)),
        "created": now,
        "customer": customer["id"],
        "default_settings": default_settings(params.get("default_settings")),
        "end_behavior": params.get("end_behavior") or "release",
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "pause_schedules": [],
        "phases": phases,
        "status": "not_started",
        "subscription": None,
        "test_clock": customer.get("test_clock"),
    }
