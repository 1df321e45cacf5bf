"""The portal's blueprint: every address carries the session's token and is looked up before anything else."""

from flask import Blueprint, Response, g, make_response, render_template

from stripe_emulator.hosted.portal.session import PortalSession, SessionExpired, find_session, mark_opened
from stripe_emulator.hosted.security import allow_form_redirect
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state.store import Json

bp = Blueprint("portal", __name__, url_prefix="/p/session/<token>")


@bp.url_value_preprocessor
def load_session(endpoint: str | None, values: Json | None) -> None:
    """Find the session that the address names, for every view of the portal."""
    with current_store().read() as tx:
        g.portal = find_session(tx, (values or {}).pop("token"))
    if not g.portal.opened:
        with current_store().write() as tx:
            mark_opened(tx, g.portal)
    allow_form_redirect(g.portal.return_url, g.portal.completion_url)


@bp.url_defaults
def keep_token(endpoint: str, values: Json) -> None:
    """Keep links and redirects inside the same session."""
    if "portal" in g:
        values.setdefault("token", g.portal.token)


@bp.context_processor
def share_session() -> Json:
    """Give templates the session as `portal`."""
    return {"portal": g.get("portal")}


@bp.errorhandler(SessionExpired)
def show_expired(error: SessionExpired) -> Response:
    """Say that the link is over and lead back."""
    return make_response(render_template("portal/expired.html", merchant=error.merchant, back=error.back), 410)


def current_portal() -> PortalSession:
    """Return the session of this request."""
    portal: PortalSession = g.portal
    return portal
