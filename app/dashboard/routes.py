"""The product's own pages: what a fork replaces."""

from flask import Blueprint, render_template
from flask_login import login_required

from app.access import role_required

bp = Blueprint("dashboard", __name__, url_prefix="/dashboard")


@bp.get("")
@login_required
def index() -> str:
    """The first page after signing in."""
    return render_template("dashboard/index.html")


@bp.get("/basic")
@role_required("basic")
def basic() -> str:
    """An example of a page for Basic and up."""
    return render_template("dashboard/basic.html")


@bp.get("/pro")
@role_required("pro")
def pro() -> str:
    """An example of a page for Pro."""
    return render_template("dashboard/pro.html")
