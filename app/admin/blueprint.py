"""The operator's blueprint, and the guard at its door."""

from flask import Blueprint, abort, request

from app.access import admin_required

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.before_request
@admin_required
def let_admins_in() -> None:
    """Stand before every page of the blueprint, so that none can be left unguarded."""
    asked_for = [*request.args.values(), *map(str, (request.view_args or {}).values())]
    if any("\x00" in text for text in asked_for):
        # PostgreSQL's text cannot hold this one character, so nothing has such a name.
        abort(404)
