"""Users: found, explained, and helped with a fresh look at Stripe."""

import uuid
from enum import StrEnum

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.admin.filters import Sort, counted, one_of
from app.admin.paging import in_order
from app.admin.person import person_page
from app.admin.record_routes import asked_for
from app.auth.models import User
from app.billing.errors import BillingError
from app.billing.gateway.account import current_scope
from app.billing.models.subscription import UNPAID, Subscription
from app.billing.payments.cards import accept_shared_card, users_of_card
from app.billing.reconcile import users as reconcile
from app.database import db


class UserState(StrEnum):
    """What an operator looks for among users, beside their role and plan."""

    UNVERIFIED = "unverified"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    ADMIN = "admin"


WORDS = {
    UserState.UNVERIFIED: "E-mail not confirmed",
    UserState.PAST_DUE: "Past due",
    UserState.SUSPENDED: "Suspended",
    UserState.ADMIN: "Admin",
}
SORTED_BY = {"email": User.email, "created_at": User.created_at, "last_seen_at": User.last_seen_at}


def users() -> str:
    """Everybody with an account; or who has such an address, role, state or plan, or has paid with this card."""
    search, card = request.args.get("q", "").strip().lower(), request.args.get("card")
    query, sort = _chosen_users(search, card), Sort.from_request(SORTED_BY, "-created_at")
    page = in_order(query, sort.column, User.id, request.args.get("after"), is_ascending=sort.is_ascending)
    return render_template(
        "admin/users.html",
        page=page,
        total=counted(query, page),
        search=search,
        card=card,
        sort=sort,
        states=WORDS,
        asked=asked_for("q", "card", "role", "state", "plan"),
    )


def _chosen_users(search: str, card: str | None) -> sa.Select[User]:
    query, role, plan = sa.select(User), request.args.get("role"), request.args.get("plan")
    if card:
        query = query.where(User.id.in_(users_of_card(card, current_scope())))
    if search:
        query = query.where(User.email.contains(search, autoescape=True))
    if role:
        query = query.where(User.role == role)
    if plan:
        query = query.where(User.plan_key == plan)
    state = one_of(UserState, "state")
    return query.where(_is_in(state)) if state else query


def _is_in(state: UserState) -> sa.ColumnElement[bool]:
    if state is UserState.PAST_DUE:
        scope = current_scope()
        unpaid = sa.select(Subscription.user_id).where(sa.text(f"subscriptions.{UNPAID}"), scope.covers(Subscription))
        return User.id.in_(unpaid)
    elif state is UserState.UNVERIFIED:
        return User.email_verified_at.is_(None)
    elif state is UserState.SUSPENDED:
        return User.suspended_at.is_not(None)
    else:
        return User.is_admin.is_(True)


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
