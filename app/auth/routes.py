"""Signing up, in and out."""

from flask import redirect, render_template, url_for
from flask_login import current_user, login_required
from werkzeug import Response

import app.auth.sign_in_link_routes  # noqa: F401  # It adds its pages to `bp`.
from app.auth import bp, email_verification_routes, password_reset_routes, security_log  # noqa: F401  # They add pages to `bp`.
from app.auth.admission import admit
from app.auth.email_verification import send_verification
from app.auth.forms import LoginForm, SignupForm, text_of
from app.auth.next_page import Destination, go_on
from app.auth.rate_limits import limit_login, limit_sign_up
from app.auth.sessions import Method, end_session, start_session
from app.auth.sign_in import authenticate, create_user
from app.auth.stale_forms import checks_its_own_token, form_status, is_stale, show_kept_form, show_signed_in
from app.auth.tries import nothing_was_tried
from app.billing.catalog.plans import current_catalog
from app.database import db
from app.languages import current_language
from app.languages import lazy_gettext as _l

__all__ = ["bp"]

# One sentence whether the address or the password is wrong.
LOGIN_FAILED = _l("That address and password don't go together. Check both, or set a new password.")
SIGN_UP_FAILED = _l(
    "We can't create an account with this address. If it is yours already, log in or set a new password."
)


@bp.route("/signup", methods=["GET", "POST"])
@checks_its_own_token
@limit_sign_up
def signup() -> Response | tuple[str, int] | str:
    """Create an account, sign in, and go on to what was asked for."""
    destination = Destination.from_request()
    form = SignupForm()
    if form.validate_on_submit():
        user = create_user(text_of(form.email), text_of(form.password), language=current_language())
        if user is not None:
            send_verification(user)
            start_session(user.id, remember=False)
            db.session.commit()
            return go_on(user.id, destination)
        form.email.errors = [SIGN_UP_FAILED]
    elif _is_reading_signed_in(form):
        return _already_signed_in(destination)
    elif is_stale(form) and current_user.is_authenticated:
        return show_signed_in(destination)
    else:
        nothing_was_tried()
    return _show("auth/signup.html", form, destination)


@bp.route("/login", methods=["GET", "POST"])
@checks_its_own_token
@limit_login
def login() -> Response | tuple[str, int] | str:
    """Sign in, and go on to what was asked for."""
    destination = Destination.from_request()
    form = LoginForm()
    if form.validate_on_submit():
        user_id = authenticate(text_of(form.email), text_of(form.password))
        if user_id is not None:
            return admit(user_id, Method.PASSWORD, remember=form.remember.data, destination=destination)
        form.form_errors.append(LOGIN_FAILED)
    elif _is_reading_signed_in(form):
        return _already_signed_in(destination)
    elif is_stale(form) and current_user.is_authenticated:
        return show_signed_in(destination)
    else:
        nothing_was_tried()
    return _show("auth/login.html", form, destination)


@bp.get("/send-again")
@login_required
def send_again() -> str:
    """What was typed before the reader had to log in, to be sent by a press."""
    return show_kept_form()


@bp.post("/logout")
def logout() -> Response:
    """Sign this browser out."""
    if current_user.is_authenticated:
        security_log.record(current_user.id, security_log.Kind.SIGNED_OUT)
    end_session()
    db.session.commit()
    return redirect(url_for("pricing.landing"), 303)


def _is_reading_signed_in(form: LoginForm | SignupForm) -> bool:
    return not form.is_submitted() and current_user.is_authenticated


def _already_signed_in(destination: Destination) -> Response:
    """Nothing to sign in to; a chosen plan is shown, not bought, because this is only a link."""
    if destination.price is not None:
        currency = destination.price.currency if destination.price.is_option else None
        return redirect(url_for("pricing.index", interval=destination.price.interval, currency=currency))
    else:
        return redirect(destination.next or url_for("dashboard.index"))


def _show(template: str, form: LoginForm | SignupForm, destination: Destination) -> tuple[str, int]:
    for name, value in destination.as_fields().items():
        form[name].data = value
    plan_name = current_catalog().plan_name(destination.price.plan_key) if destination.price else None
    page = render_template(template, form=form, plan_name=plan_name, carried=destination.as_fields())
    return page, form_status(form)
