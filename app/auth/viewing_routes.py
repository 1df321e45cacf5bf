"""The way back from seeing the site as a person does."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_login import login_required
from werkzeug import Response

from app.auth import viewing
from app.auth.sessions import this_user
from app.database import db

bp = Blueprint("viewing", __name__)


@bp.post("/viewing/leave")
@login_required
def leave() -> Response:
    """Be oneself again, at the page of the person."""
    user = this_user()
    if user.viewed_by is None:
        # It has ended by itself meanwhile.
        return redirect(url_for("dashboard.index"), 303)
    viewing.end(user.viewed_by)
    db.session.commit()
    flash(f"You are yourself again, and no longer see the site as {user.email}.", "success")
    return redirect(url_for("admin.user", user_id=user.id), 303)


@bp.post("/account/security/viewing")
@login_required
def choose() -> Response:
    """Let support see one's pages, or not."""
    user = this_user()
    user.refuses_viewing = bool(request.form.get("refuse"))
    db.session.commit()
    flash(
        "Support cannot look at your pages." if user.refuses_viewing else "Support may look at your pages.", "success"
    )
    return redirect(url_for("account.security"), 303)


@bp.app_template_global()
def viewing_is_on() -> bool:
    """Whether the settings let admins see the site as a person does."""
    return viewing.is_on()
