"""Confirming an address: following the link, and having it sent again."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug import Response

from app.auth import bp
from app.auth.email_verification import AddressTaken, send_verification
from app.auth.email_verification import verify_email as confirm
from app.auth.rate_limits import limit_mail
from app.auth.sessions import this_user
from app.billing.customers import update_customer_email
from app.database import db


@bp.get("/verify-email/<token>")
def verify_email(token: str) -> Response:
    """Let the address count that the link was sent to; the link is enough, also in another browser."""
    if request.method == "HEAD":
        # Mail scanners look at links this way; that proves nothing.
        return Response()
    try:
        user = confirm(token)
    except AddressTaken:
        flash("That address cannot be used: another account has it.", "danger")
        return redirect(url_for("account.index"), 303)
    if user is None:
        return make_response(render_template("auth/verify_email.html"), 400)
    db.session.commit()
    update_customer_email(user)
    flash(f"{user.email} is confirmed.", "success")
    return redirect(url_for("account.index"), 303)


@bp.post("/verify-email")
@login_required
@limit_mail
def resend_verification() -> Response:
    """Send the link again; older ones stop working."""
    if current_user.email_verified_at and not current_user.pending_email:
        flash("Your address is confirmed already.", "info")
    else:
        _send_again()
    return redirect(url_for("account.index"), 303)


def _send_again() -> None:
    user = this_user()
    send_verification(user)
    db.session.commit()
    flash(f"We sent a new link to {user.pending_email or user.email}.", "success")
