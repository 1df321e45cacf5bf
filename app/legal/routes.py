"""The terms and the privacy notice: placeholders that a fork replaces with its own."""

from flask import Blueprint, render_template

bp = Blueprint("legal", __name__)


@bp.get("/terms")
def terms() -> str:
    """What both sides agree to."""
    return render_template("legal/terms.html")


@bp.get("/privacy")
def privacy() -> str:
    """What is kept about people, and why."""
    return render_template("legal/privacy.html")
