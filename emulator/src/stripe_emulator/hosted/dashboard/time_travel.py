"""Moving the clocks: the one that everything lives by, and the test clocks."""

import re

from flask import abort, render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.engine.subscriptions.periods import add_intervals
from stripe_emulator.hosted.dashboard.blueprint import bp, done
from stripe_emulator.hosted.lifeline import Mark, lifeline
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.state import clock
from stripe_emulator.state.store import Json, Transaction

HOUR, DAY = 3600, 24 * 3600
#: A renewal invoice is a draft for an hour: a little more than that later, it has been paid.
SETTLED = HOUR + 60
STEPS = {"hour": HOUR, "day": DAY, "week": 7 * DAY}
MONTH = {"interval": "month", "interval_count": 1}
LONGEST = 2 * 366 * DAY
UNITS = {"minutes": 60, "hours": HOUR, "days": DAY}
SHOWN_LIVES = 6
RENEWING = ("active", "past_due", "trialing")


@bp.get("/dashboard/time")
def show_time() -> str:
    """Show the clocks and what is next on each."""
    with current_store().read() as tx:
        clocks = [
            (each, upcoming(tx, each["id"]), lives(tx, each["id"])) for each in tx.find("test_helpers.test_clock")
        ]
        main, running = upcoming(tx, None), lives(tx, None)
    return render_template("dashboard/time.html", clocks=clocks, main=main, lives=running, units=UNITS)


@bp.post("/dashboard/time")
def advance() -> Response:
    """Move the dashboard's clock, or the test clock that is named."""
    clock_id = request.form.get("clock") or None

    def carry_out(tx: Transaction) -> None:
        now = _now(tx, clock_id)
        target = target_time(tx, clock_id, now)
        if not now < target <= now + LONGEST:
            abort(400, "The clock only moves forward, and at most two years at a time.")
        _move(tx, clock_id, target - now, target)

    attempt(carry_out)
    return done("advanced", "dashboard.show_time")


def lives(tx: Transaction, clock_id: str | None, limit: int = SHOWN_LIVES) -> list[tuple[Json, list[Mark]]]:
    """Return the newest running subscriptions on a clock, each with its line."""
    running = [each for each in tx.find("subscription", test_clock=clock_id) if each["status"] in RENEWING]
    return [(each, lifeline(tx, each)) for each in running[:limit]]


def upcoming(tx: Transaction, clock_id: str | None) -> Json:
    """Return when the next renewal and the next end of a trial on a clock are."""
    renewals = period_ends(tx, clock_id)
    trials = [
        each["trial_end"] for each in tx.find("subscription", test_clock=clock_id) if each["status"] == "trialing"
    ]
    return {"renewal": min(renewals, default=None), "trial": min(trials, default=None)}


def period_ends(tx: Transaction, clock_id: str | None) -> list[int]:
    """Return when the periods end of all subscriptions on a clock that renew."""
    alive = [
        each
        for each in tx.find("subscription", test_clock=clock_id)
        if each["status"] in RENEWING and each["items"]["data"]
    ]
    return [min(item["current_period_end"] for item in each["items"]["data"]) for each in alive]


def settled(tx: Transaction, clock_id: str | None, at: int) -> int:
    """Return the moment from `at` on at which no renewal that came by then is left a draft."""
    drafts = [each["automatically_finalizes_at"] for each in tx.find("invoice", test_clock=clock_id, status="draft")]
    ready = at
    for moment in sorted([end + SETTLED for end in period_ends(tx, clock_id)] + [each + 60 for each in drafts if each]):
        ready = moment if ready < moment <= ready + SETTLED else ready
    return ready


def target_time(tx: Transaction, clock_id: str | None, now: int) -> int:
    """Return the moment that the form asks for."""
    step, next_up, until = request.form.get("step", ""), upcoming(tx, clock_id), request.form.get("until", "")
    if re.fullmatch(r"\d{1,11}", until, re.ASCII):
        return settled(tx, clock_id, int(until))
    if step in STEPS:
        return now + STEPS[step]
    if step == "month":
        return settled(tx, clock_id, add_intervals(now, MONTH))
    if step in next_up:
        return settled(tx, clock_id, next_up[step] or abort(400, "Nothing of that kind is coming up."))
    amount, unit = request.form.get("amount", ""), UNITS.get(request.form.get("unit", ""))
    if unit is None or not re.fullmatch(r"\d{1,6}", amount, re.ASCII):
        abort(400, "Enter how far to go, as a whole number.")
    return now + int(amount) * unit


def _now(tx: Transaction, clock_id: str | None) -> int:
    return int(tx.require("test_helpers.test_clock", clock_id)["frozen_time"]) if clock_id else tx.now()


def _move(tx: Transaction, clock_id: str | None, seconds: int, target: int) -> None:
    if clock_id is None:
        from stripe_emulator.engine.clocks import run_due

        clock.advance(tx, seconds)
        run_due(tx)
    else:
        call(tx, "POST", f"/v1/test_helpers/test_clocks/{clock_id}/advance", {"frozen_time": target})
