"""Step-up by a code in a mail, for who comes in with an account elsewhere and has neither password nor factor here.

An issuer cannot be relied on to ask for more than a press: Google and GitHub do not say when somebody last proved to
them who they are. The mailbox could set a password for such an account as well, so its code weakens nothing.
"""

import hmac
import secrets
import time
import uuid

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask_login import login_required
from werkzeug import Response
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired

from app.auth import security_log
from app.auth.factors.removal import has_factor
from app.auth.forms import text_of
from app.auth.models import User
from app.auth.next_page import safe_path
from app.auth.providers import bp
from app.auth.rate_limits import limit_password_checks, may_mail
from app.auth.sessions import this_user
from app.auth.step_up import confirm_and_go_on
from app.database import db
from app.keys import signing_keys
from app.languages.forms import Form
from app.mail.outbox import queue_mail

DIGITS = 8
LASTS_SECONDS = 600
# In the cookie: a keyed digest of the code, and when it was sent.
SENT_CODE = "confirmation_code"
CODE_SENT = "We have sent you a code. It works for ten minutes, in this browser."
WRONG_CODE = "That is not the code of our last mail, or it is older than ten minutes."


class MailedCodeForm(Form):
    """The code that came by mail."""

    code = StringField("Code", validators=[InputRequired("Enter the code.")])
    next = HiddenField()


@bp.app_template_global()
def may_confirm_by_mail(user: User) -> bool:
    """Whether this user has nothing better to show."""
    return user.password_hash is None and not has_factor(user.id)


@bp.app_template_global()
def code_was_mailed() -> bool:
    """Whether this browser has asked for a code."""
    return SENT_CODE in session


@bp.post("/account/security/confirm/mail")
@login_required
def send_code() -> Response:
    """Mail a new code; beyond the limit the same answer, and no mail."""
    user = _user_without_better()
    if may_mail(user.email, "confirm"):
        _send(user)
        db.session.commit()
    flash(CODE_SENT, "info")
    return redirect(url_for("account.confirm", next=safe_path(request.form.get("next", ""))), 303)


@bp.post("/account/security/confirm/mail/code")
@login_required
@limit_password_checks
def confirm_mailed_code() -> Response | tuple[str, int]:
    """Show again that it is oneself, with the code that came by mail."""
    form, user = MailedCodeForm(), _user_without_better()
    if form.validate_on_submit():
        if _is_right(user, text_of(form.code)):
            session.pop(SENT_CODE)
            return confirm_and_go_on(form.next.data or "")
        form.code.errors = [WRONG_CODE]
    return render_template("account/confirm.html", form=form), 422


def _user_without_better() -> User:
    user = this_user()
    return user if may_confirm_by_mail(user) else abort(404)


def _send(user: User) -> None:
    code, now = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", int(time.time())
    session[SENT_CODE] = [_digest(user, code), now]
    security_log.record(user.id, security_log.Kind.CONFIRMATION_CODE_SENT)
    cause = f"confirmation_code:{uuid.uuid4()}"
    queue_mail("confirmation_code", to=user.email, cause=cause, user_id=user.id, context={"code": code})


def _is_right(user: User, typed: str) -> bool:
    digest, sent_at = session.get(SENT_CODE, ("", 0))
    return sent_at > time.time() - LASTS_SECONDS and hmac.compare_digest(digest, _digest(user, "".join(typed.split())))


def _digest(user: User, code: str) -> str:
    """What the cookie may hold: nobody can try codes on it without our key, and it is this session's alone."""
    text = f"{user.session_id} {code}".encode("utf-8", "replace")
    return hmac.digest(signing_keys("codes")[-1].encode(), text, "sha256").hex()
