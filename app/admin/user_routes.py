"""Users: found by address, explained, and helped with a grant or a fresh look at Stripe."""

import uuid
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.account.life import life_of
from app.admin.acts import acts_for
from app.admin.forms import GrantForm
from app.admin.paging import newest_first
from app.auth.models import User
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import Grant, RoleChange
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.payments.cards import accept_shared_card, users_of_card
from app.billing.reconcile import users as reconcile
from app.billing.roles import grants
from app.billing.roles.decision import cause_of, decide_role
from app.database import db

SHOWN = 20
Owned = TypeVar("Owned", Grant, Order, Payment, RoleChange, StripeCustomer, Subscription)
Column = sa.orm.InstrumentedAttribute[Any]


def users() -> str:
    """Everybody with an account, newest first; or who has such an address, or has paid with this card."""
    search, card = request.args.get("q", "").strip().lower(), request.args.get("card")
    query = sa.select(User)
    if card:
        query = query.where(User.id.in_(users_of_card(card, current_scope())))
    if search:
        query = query.where(User.email.contains(search, autoescape=True))
    page = newest_first(query, User.created_at, User.id, request.args.get("after"))
    return render_template("admin/users.html", page=page, search=search, card=card)


def user(user_id: uuid.UUID) -> str:
    """One user: which role and why, and everything that it rests on."""
    return _show(_find(user_id), GrantForm(formdata=None))


def accept_card(digest: str) -> Response:
    """Several accounts may go on paying with one card: a family, a company."""
    accept_shared_card(digest, current_scope())
    flash("It is not shown again, unless another account pays with this card.", "success")
    return redirect(url_for("admin.index"), 303)


def grant(user_id: uuid.UUID) -> Response | tuple[str, int]:
    """Give the user a role by hand."""
    found, form = _find(user_id), GrantForm()
    if not form.validate_on_submit():
        return _show(found, form), 422
    role = current_catalog().role(form.role.data)
    grants.grant_role(found, role, form.until_moment, current_user.email)
    flash(f"{found.email} was given {role.name}.", "success")
    return redirect(url_for("admin.user", user_id=user_id), 303)


def back_to_user(user_id: uuid.UUID) -> Response:
    """Where the form is shown again with a mistake in it, its address may be asked for by itself."""
    return redirect(url_for("admin.user", user_id=user_id))


def revoke(user_id: uuid.UUID) -> Response:
    """Take back every role given by hand."""
    found = _find(user_id)
    grants.revoke_grants(found, current_user.email)
    flash(f"What {found.email} was given by hand is taken back.", "success")
    return redirect(url_for("admin.user", user_id=user_id), 303)


def sync_user(user_id: uuid.UUID) -> Response:
    """Read the user's subscriptions and payments from Stripe and repair what differs."""
    changes = reconcile.sync_user(_find(user_id), cause=f"sync by {current_user.email}", with_payments=True)
    flash("Repaired from Stripe." if changes else "Stripe says the same as we do.", "success")
    return redirect(url_for("admin.user", user_id=user_id), 303)


def _find(user_id: uuid.UUID) -> User:
    return db.session.get(User, user_id) or abort(404)


def _show(found: User, form: GrantForm) -> str:
    scope = current_scope()
    decision = decide_role(found, scope)
    subscriptions = _newest(Subscription, Subscription.started_at, found, scope.covers(Subscription))
    payments = _newest(Payment, Payment.created_at, found, scope.covers(Payment))
    return render_template(
        "admin/user.html",
        user=found,
        life=life_of(next((row for row in subscriptions if not row.has_ended), None), payments),
        decision=decision,
        cause=cause_of(found, decision),
        form=form,
        acts=acts_for(found),
        grants=_newest(Grant, Grant.id, found),
        subscriptions=subscriptions,
        orders=_newest(Order, Order.created_at, found, scope.covers(Order)),
        payments=payments,
        changes=_newest(RoleChange, RoleChange.id, found),
        customers=_newest(StripeCustomer, StripeCustomer.created_at, found, scope.covers(StripeCustomer)),
    )


def _newest(model: type[Owned], order: Column, found: User, *where: sa.ColumnElement[bool]) -> list[Owned]:
    query = sa.select(model).where(model.user_id == found.id, *where).order_by(order.desc()).limit(SHOWN)
    return list(db.session.scalars(query))
