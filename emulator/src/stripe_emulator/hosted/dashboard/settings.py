"""Chaos switches, and starting over."""

import re

from flask import abort, render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.hosted.dashboard.blueprint import bp, done
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.server import seed
from stripe_emulator.state import chaos

SHARES = {"duplicate": "Deliver twice", "drop": "Lose the first attempt"}
SWITCHES = {"shuffle": "Deliver in random order", "same_second": "Give events the same second"}
MAX_DELAY = 60.0


@bp.get("/dashboard/chaos")
def show_chaos() -> str:
    """Show what may go wrong with deliveries."""
    with current_store().read() as tx:
        current = chaos.current(tx)
    return render_template("dashboard/chaos.html", chaos=current, shares=SHARES, switches=SWITCHES)


@bp.post("/dashboard/chaos")
def set_chaos() -> Response:
    """Set what may go wrong; the preset buttons set all or nothing."""
    preset = {"all": chaos.FULL, "none": chaos.CALM}.get(request.form.get("preset", ""))
    with current_store().write() as tx:
        chaos.put(tx, preset or read_chaos())
    return done("chaos", "dashboard.show_chaos")


def read_chaos() -> chaos.Chaos:
    """Return the chaos that the form describes: shares in percent, the delay in seconds."""
    shares = {name: _number(name, 100.0) / 100 for name in SHARES}
    switches = {name: name in request.form for name in SWITCHES}
    return chaos.Chaos.from_mapping({**shares, **switches, "delay": _number("delay", MAX_DELAY)})


@bp.get("/dashboard/reset")
def confirm_reset() -> str:
    """Ask before everything is deleted."""
    return render_template("dashboard/reset.html")


@bp.post("/dashboard/reset")
def reset() -> Response:
    """Delete every object, event and delivery."""
    with current_store().write() as tx:
        seed.clear(tx)
    return done("reset", "dashboard.overview")


def _number(name: str, highest: float) -> float:
    text = request.form.get(name, "").strip() or "0"
    if not re.fullmatch(r"\d{1,3}(\.\d{1,2})?", text, re.ASCII) or float(text) > highest:
        abort(400, f"Enter a number from 0 to {highest:g}.")
    return float(text)
