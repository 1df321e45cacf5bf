"""The operator's blueprint, and the guard at its door."""

from flask import Blueprint

from app.access import admin_required

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.before_request
@admin_required
def let_admins_in() -> None:
    """Stand before every page of the blueprint, so that none can be left unguarded."""
