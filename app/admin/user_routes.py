"""Users: found, explained, and helped with a fresh look at Stripe."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.admin.lists import UserState, list_page
from app.admin.person import person_page
from app.auth.models import User
from app.billing.errors import BillingError
from app.billing.gateway.account import current_scope
from app.billing.payments.cards import accept_shared_card
from app.billing.reconcile import users as reconcile
from app.database import db

WORDS = {
    UserState.UNVERIFIED: "E-mail not confirmed",
    UserState.PAST_DUE: "Past due",
    UserState.SUSPENDED: "Suspended",
    UserState.ADMIN: "Admin",
}


def users() -> str:
    """Everybody with an account; or who has such an address, role, state or plan, or has paid with this card."""
    search, card = request.args.get("q", "").strip().lower(), request.args.get("card")
    return render_template("admin/users.html", **list_page("users"), search=search, card=card, states=WORDS)


def user(user_id: uuid.UUID) -> str:
    """One user: which role and why, and everything that it rests on."""
    return person_page(_find(user_id))


def accept_card(digest: str) -> Response:
    """Several accounts may go on paying with one card: a family, a company."""
    accept_shared_card(digest, current_scope())
    flash("It is not shown again, unless another account pays with this card.", "success")
    return redirect(url_for("admin.index"), 303)


def sync_user(user_id: uuid.UUID) -> Response:
    """Read the user's subscriptions and payments from Stripe and repair what differs."""
    found, cause = _find(user_id), f"sync by {current_user.email}"
    try:
        changes = reconcile.sync_user(found, cause=cause, with_payments=True)
        flash("Repaired from Stripe." if changes else "Stripe says the same as we do.", "success")
    except BillingError as error:
        db.session.rollback()
        flash(f"{error} Nothing was changed.", "danger")
    return redirect(url_for("admin.user", user_id=user_id), 303)


def _find(user_id: uuid.UUID) -> User:
    return db.session.get(User, user_id) or abort(404)
