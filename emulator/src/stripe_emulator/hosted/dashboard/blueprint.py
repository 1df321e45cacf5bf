"""The dashboard's blueprint and what all of its pages show."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.hosted.dashboard.addresses import page_of, person
from stripe_emulator.hosted.dashboard.kinds import KINDS
from stripe_emulator.hosted.dashboard.messages import MESSAGES
from stripe_emulator.state.store import Json

bp = Blueprint("dashboard", __name__)


@bp.context_processor
def share_navigation() -> Json:
    """Give templates the navigation, whose each id is, and what the last action did."""
    notice = MESSAGES.get(request.args.get("done", ""))
    return {"kinds": KINDS, "page_of": page_of, "person": person, "notice": notice}


def done(what: str, endpoint: str, **values: Any) -> Response:
    """Answer an action with the page it belongs to, and a word on what happened."""
    return redirect(url_for(endpoint, done=what, **values), 303)
