"""The operator's pages."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from flask import Blueprint, Response, abort, request
from flask_login import current_user

from app.access import admin_required
from app.auth.step_up import require_fresh_sign_in
from app.request_log import note_security

__all__ = ["bp"]

bp = Blueprint("admin", __name__, url_prefix="/admin")

# Few workers ever show these pages, so their code is imported when one is asked for.
# https://flask.palletsprojects.com/patterns/lazyloading/
PAGES = {
    "/": "overview_routes.index",
    "/find": "find_routes.find",
    "/payments": "overview_routes.payments",
    "/figures": "figure_routes.figures",
    "/figures/<name>": "figure_routes.figure_rows",
    "/users": "user_routes.users",
    "/users/<uuid:user_id>": "user_routes.user",
    "/users/<uuid:user_id>/acts/<name>": "act_routes.user_act",
    "/payments/<int(max=2147483647):payment_id>/refund": "act_routes.refund",
    "/orders/<uuid:order_id>/settle": "act_routes.settle",
    "/orders/<uuid:order_id>/attach": "attach_routes.attach",
    "/payments/<int(max=2147483647):payment_id>/dispute": "dispute_routes.dispute",
    "/announcements": "announcement_routes.announcements",
    "/codes": "code_routes.codes",
    "/codes/<code_id>": "code_routes.code",
    "/acts": "record_routes.acts",
    "/subscriptions": "record_routes.subscriptions",
    "/orders": "record_routes.orders",
    "/audit": "record_routes.audit",
    "/events": "event_routes.events",
    "/events/<event_id>": "event_routes.event",
    "/connection": "connection_routes.connection",
    "/connection/callback": "connect_routes.connection_callback",
}
ACTIONS = {
    "/users/<uuid:user_id>/sync": "user_routes.sync_user",
    "/users/<uuid:user_id>/acts/<name>": "act_routes.do_user_act",
    "/payments/<int(max=2147483647):payment_id>/refund": "act_routes.do_refund",
    "/orders/<uuid:order_id>/settle": "act_routes.do_settle",
    "/orders/<uuid:order_id>/attach": "attach_routes.do_attach",
    "/announcements": "announcement_routes.make_announcement",
    "/announcements/end": "announcement_routes.stop_announcement",
    "/codes": "code_routes.make",
    "/codes/<code_id>/switch": "code_routes.switch",
    "/<name>.csv": "record_routes.export",
    "/figures/<name>.csv": "figure_files.export_figure",
    "/events/replay": "event_routes.replay_failed",
    "/payments/<int(max=2147483647):payment_id>/keep": "overview_routes.keep_payment",
    "/users/cards/<digest>/accept": "user_routes.accept_card",
    "/events/<event_id>/replay": "event_routes.replay_event",
    "/connection": "connect_routes.connect",
    "/connection/check": "connection_routes.check_connection",
    "/connection/delete": "connect_routes.disconnect",
}


@bp.before_request
@admin_required
def let_admins_in() -> None:
    """Stand before every page of the blueprint, so that none is left unguarded; what changes something asks again."""
    asked_for = [*request.args.values(), *map(str, (request.view_args or {}).values())]
    if any("\x00" in text for text in asked_for):
        # PostgreSQL's text cannot hold this one character, so nothing has such a name.
        abort(404)
    if request.method == "POST":
        require_fresh_sign_in()


@bp.context_processor
def _rail() -> dict[str, Callable[[], dict[str, str]]]:
    """Let the rail say how many there are of what it leads to."""
    return {"rail_counts": lambda: import_module("app.admin.find_routes").rail_counts()}


@bp.app_template_global()
def stripe_link(object_id: str | None) -> str | None:
    """Where Stripe's dashboard shows an object; None for what is none of Stripe's."""
    address: str | None = import_module("app.admin.stripe_links").stripe_link(object_id)
    return address


@bp.after_request
def note_action(response: Response) -> Response:
    """Write what an admin does into the security log; who it was stands in each line."""
    if request.method == "POST" and current_user.is_authenticated and current_user.is_admin:
        about = {name: str(value) for name, value in (request.view_args or {}).items()}
        note_security("admin_action", action=request.endpoint, status=response.status_code, about=about)
    return response


def _view(place: str) -> Callable[..., Any]:
    """The view at `module.function` of this package, imported at its first call."""
    module, _, name = place.partition(".")

    def view(**values: Any) -> Any:
        return getattr(import_module(f"app.admin.{module}"), name)(**values)

    return view


for rules, method in ((PAGES, "GET"), (ACTIONS, "POST")):
    for rule, place in rules.items():
        bp.add_url_rule(rule, place.partition(".")[2], _view(place), methods=[method])
