"""Confirming an address: following the link, having it sent again, and undoing a change."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug import Response

from app.auth import bp
from app.auth.email_tokens import Purpose, make_token, read_token, was_used
from app.auth.email_undo import owner_of_undo
from app.auth.email_undo import undo_email_change as undo
from app.auth.email_verification import AddressTaken, send_verification
from app.auth.email_verification import verify_email as confirm
from app.auth.rate_limits import limit_token_use, require_room_for_mail
from app.auth.sessions import end_session, this_user
from app.billing.customers import update_customer_email
from app.database import db
from app.languages import gettext as _


@bp.get("/verify-email/<token>")
def verify_email(token: str) -> Response:
    """Confirm at once for the account that is signed in; for anybody else ask, because scanners open links too."""
    if request.method == "HEAD":
        return Response()
    user = read_token(token, Purpose.VERIFY_EMAIL)
    if user is None:
        page = render_template("auth/verify_email.html", used=was_used(token, Purpose.VERIFY_EMAIL))
        return _privately(page, 400)
    elif current_user.is_authenticated and current_user.id == user.id:
        return _confirm(token)
    else:
        return _privately(render_template("auth/verify_email.html", email=user.pending_email or user.email), 200)


@bp.post("/verify-email/<token>")
@limit_token_use
def confirm_email(token: str) -> Response:
    """Let the address count that the link was sent to; the link is enough, also in another browser."""
    return _confirm(token)


@bp.post("/verify-email")
@login_required
def resend_verification() -> Response:
    """Send the link again; older ones stop working."""
    if current_user.email_verified_at and not current_user.pending_email:
        flash(_("Your address is confirmed already."), "info")
    else:
        _send_again()
    return redirect(url_for("account.index"), 303)


@bp.get("/undo-email-change/<token>")
def undo_email_change(token: str) -> Response:
    """Ask whether the account is to get its address of before again."""
    user = owner_of_undo(token)
    page = render_template("auth/undo_email_change.html", email=user.previous_email if user else None)
    return _privately(page, 200 if user else 400)


@bp.post("/undo-email-change/<token>")
@limit_token_use
def take_back(token: str) -> Response:
    """Give the account back to its address of before, and have its owner choose a new password."""
    user = undo(token)
    if user is None:
        return _privately(render_template("auth/undo_email_change.html", email=None), 400)
    end_session()
    link = url_for("auth.reset_password", token=make_token(user, Purpose.RESET_PASSWORD))
    db.session.commit()
    update_customer_email(user)
    told = _(
        "The account is %(email)s's again, and everybody is logged out. Now choose a new password.", email=user.email
    )
    flash(told, "success")
    return redirect(link, 303)


def _confirm(token: str) -> Response:
    try:
        user = confirm(token)
    except AddressTaken:
        flash(_("That address cannot be used: another account has it."), "danger")
        return redirect(url_for("account.index"), 303)
    if user is None:
        page = render_template("auth/verify_email.html", used=was_used(token, Purpose.VERIFY_EMAIL))
        return _privately(page, 400)
    db.session.commit()
    update_customer_email(user)
    flash(_("%(email)s is confirmed.", email=user.email), "success")
    return redirect(url_for("account.index"), 303)


def _send_again() -> None:
    user = this_user()
    require_room_for_mail(user, user.pending_email or user.email)
    send_verification(user)
    db.session.commit()
    flash(_("We sent a new link to %(pending_email)s.", pending_email=user.pending_email or user.email), "success")


def _privately(page: str, status: int) -> Response:
    """A page whose address holds a token: no other site and no cache is to learn it."""
    response = make_response(page, status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
