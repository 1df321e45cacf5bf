"""Logging out other browsers."""

from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug import Response

from app.account import bp
from app.account.forms import EndSessionsForm, is_confirmed
from app.auth import security_log
from app.auth.rate_limits import limit_password_checks
from app.auth.sessions import end_sessions, this_user
from app.auth.step_up import is_fresh
from app.database import db, parse_uuid
from app.languages import gettext as _


@bp.post("/sessions/revoke")
@login_required
@limit_password_checks
def sessions_revoke() -> Response | tuple[str, int]:
    """Log out one browser, or all others; asks for the password unless it was given a moment ago."""
    user, chosen = this_user(), parse_uuid(request.form.get("session_id", ""))
    form = EndSessionsForm(session_id=str(chosen or ""))
    if not is_fresh() and not is_confirmed(form):
        return render_template("account/end_sessions.html", form=form, asked=bool(form.errors)), 422
    end_sessions(user.id, keep=user.session_id, only=chosen)
    security_log.record(user.id, security_log.Kind.SESSIONS_ENDED)
    db.session.commit()
    flash(_("That browser is logged out.") if chosen else _("You are logged out everywhere else."), "success")
    return redirect(url_for("account.security"), 303)
