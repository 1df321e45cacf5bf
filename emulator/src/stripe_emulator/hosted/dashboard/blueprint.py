"""The dashboard's blueprint and what all of its pages show."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.hosted.dashboard.addresses import page_of
from stripe_emulator.hosted.dashboard.kinds import KINDS
from stripe_emulator.hosted.dashboard.messages import MESSAGES
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state.store import Json

bp = Blueprint("dashboard", __name__)


@bp.context_processor
def share_navigation() -> Json:
    """Give templates the navigation, the clock, and what the last action did."""
    with current_store().read() as tx:
        now, offset = tx.now(), int(tx.get_setting("clock_offset", 0))
    notice = MESSAGES.get(request.args.get("done", ""))
    return {"kinds": KINDS, "page_of": page_of, "now": now, "clock_offset": offset, "notice": notice}


def done(what: str, endpoint: str, **values: Any) -> Response:
    """Answer an action with the page it belongs to, and a word on what happened."""
    return redirect(url_for(endpoint, done=what, **values), 303)
