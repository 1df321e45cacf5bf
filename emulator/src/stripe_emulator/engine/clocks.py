"""Time: what is due happens in its order, on test clocks and in real time."""

import logging
from collections.abc import Callable

from stripe_emulator.api import errors
from stripe_emulator.engine import timers
from stripe_emulator.engine.checkout.checkout_sessions import expire_session
from stripe_emulator.engine.invoices.discount_ends import end_discount
from stripe_emulator.engine.payments import settlements
from stripe_emulator.engine.settings import DAY
from stripe_emulator.engine.subscriptions import ending, pending_updates, periods, renewal, schedule_progress
from stripe_emulator.engine.subscriptions.trial_notices import announce_end
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

logger = logging.getLogger("stripe_emulator")

KIND = "test_helpers.test_clock"
LONGEST_WITHOUT_SUBSCRIPTION = 730 * DAY

Action = Callable[[Transaction, Json], object]
ACTIONS: dict[str, tuple[str, Action]] = {
    "advance_schedule": ("subscription_schedule", schedule_progress.advance),
    "announce_schedule_end": ("subscription_schedule", schedule_progress.announce_end),
    "cancel_subscription": ("subscription", renewal.end_at_time),
    "decide_dispute": ("dispute", settlements.decide_dispute),
    "dispute": ("charge", settlements.open_dispute),
    "end_discount": ("discount", end_discount),
    "expire_incomplete": ("subscription", ending.expire_incomplete),
    "expire_pending_update": ("subscription", pending_updates.expire),
    "expire_session": ("checkout.session", expire_session),
    "finalize_invoice": ("invoice", renewal.finalize_and_collect),
    "invoice_overdue": ("invoice", renewal.become_overdue),
    "invoice_upcoming": ("subscription", renewal.announce_invoice),
    "refund": ("refund", settlements.finish_refund),
    "renew": ("subscription", renewal.renew),
    "resume_collection": ("subscription", renewal.resume_collection),
    "retry_invoice": ("invoice", renewal.retry),
    "settle": ("payment_intent", settlements.settle_intent),
    "trial_will_end": ("subscription", announce_end),
}


def run_due(tx: Transaction) -> int:
    """Let everything happen that is due in real time; return how many things did."""
    now, done = tx.now(), 0
    while (timer := timers.next_due(tx, now)) is not None:
        tx.pinned_now = timer.at
        try:
            _run(tx, timer)
        finally:
            tx.pinned_now = None
        done += 1
    return done


def advance(tx: Transaction, clock_id: str, frozen_time: int) -> Json:
    """Move a test clock forward, letting everything on it happen in order; it is ready again when this returns."""
    clock = tx.require(KIND, clock_id, "test_clock")
    _check_target(tx, clock, frozen_time)
    clock.update(status="advancing", status_details={"advancing": {"target_frozen_time": frozen_time}})
    tx.save(clock)
    tx.emit("test_helpers.test_clock.advancing", clock)
    with tx.by_itself():
        while (timer := timers.next_due(tx, frozen_time, clock_id)) is not None:
            clock["frozen_time"] = max(clock["frozen_time"], timer.at)
            tx.save(clock)
            _run(tx, timer)
    clock.update(frozen_time=frozen_time, status="ready", status_details={})
    tx.save(clock)
    tx.emit("test_helpers.test_clock.ready", clock)
    return clock


def _check_target(tx: Transaction, clock: Json, frozen_time: int) -> None:
    if clock["status"] != "ready":
        raise errors.invalid_request("The test clock is still advancing.", code="test_clock_not_ready")
    if frozen_time <= clock["frozen_time"]:
        raise errors.invalid_request("`frozen_time` must be later than the clock's current time.", "frozen_time")
    furthest = _furthest(tx, clock)
    if frozen_time > furthest:
        raise errors.invalid_request(
            "You can advance a test clock by at most two intervals of its shortest subscription "
            f"(until {furthest}), or by two years if it has none.",
            "frozen_time",
        )


def _furthest(tx: Transaction, clock: Json) -> int:
    now = int(clock["frozen_time"])
    limits = [
        periods.add_intervals(now, item["price"]["recurring"], 2)
        for subscription in tx.find("subscription", test_clock=clock["id"])
        if subscription["status"] not in ending.OVER
        for item in subscription["items"]["data"]
    ]
    return min(limits, default=now + LONGEST_WITHOUT_SUBSCRIPTION)


def _run(tx: Transaction, timer: timers.Timer) -> None:
    """Do what the timer says; what fails is undone alone, logged, and not tried for ever."""
    kind, action = ACTIONS[timer.action]
    timers.clear_timer(tx, timer.action, timer.id)
    obj = tx.get(kind, timer.id)
    if obj is None:
        return
    told = len(tx.events)
    tx.connection.execute("SAVEPOINT timer")
    try:
        action(tx, obj)
    except Exception:
        logger.exception("%s of %s failed", timer.action, timer.id)
        tx.connection.execute("ROLLBACK TO timer")
        del tx.events[told:]
    tx.connection.execute("RELEASE timer")
