"""The landing page, the prices, the way to Checkout and the way back."""

from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from app.auth.next_page import Destination
from app.auth.rate_limits import limit_checkout
from app.billing.catalog.plans import Interval, current_catalog, seats_in
from app.billing.checkout.confirm import confirm_checkout
from app.billing.checkout.start import start_checkout
from app.billing.errors import AlreadyOwned, UnknownSession
from app.billing.gateway.account import known_scope
from app.billing.models.subscription import Subscription
from app.billing.payments.orders import has_subscribed, owns_for_life
from app.billing.subscriptions.lookup import live_subscription
from app.database import begin_write
from app.extensions import csrf
from app.pricing.presenters import PlanView, plan_views
from app.security import protect_checkout

bp = Blueprint("pricing", __name__)


@bp.get("/")
def landing() -> str:
    """What this is, for whom, and what it costs."""
    return render_template("pricing/landing.html", plans=plan_views(Interval.MONTH))


@bp.get("/pricing")
def index() -> str:
    """The plans, month or year: unless asked for, as the reader pays already."""
    subscription = _subscription()
    interval = _interval(request.args.get("interval") or _own_interval(subscription))
    return render_template(
        "pricing/index.html",
        interval=interval.value,
        plans=_plans(interval, subscription),
        has_subscription=subscription is not None,
        checkout_cancelled=request.args.get("checkout") == "cancelled",
        had_trial=_had_trial(),
    )


@bp.post("/checkout/<plan>")
@csrf.exempt  # Checked first thing below: a visitor's token is of another kind.
@limit_checkout
def start(plan: str) -> Response:
    """Leave for Checkout; a visitor signs up first and is then taken straight on."""
    protect_checkout()
    chosen = current_catalog().plan(plan)
    if chosen is None or chosen not in current_catalog().sold_plans:
        abort(404)
    interval = _interval(request.form.get("interval") or Interval.MONTH.value)
    price = chosen.price(interval) or abort(400)
    seats = (seats_in(request.form.get("seats", "1")) or abort(400)) if price.per_seat else 1
    if not current_user.is_authenticated:
        wanted = Destination(price=price, seats=seats).as_fields()
        return _see_other(f"{url_for('auth.signup')}?{urlencode(wanted)}")
    try:
        return _see_other(start_checkout(current_user, price, seats))
    except AlreadyOwned:
        flash("You have Pro for life, so there is nothing more to buy.", "info")
        return _see_other(url_for("account.index"))


@bp.get("/checkout/success")
@login_required
def success() -> str:
    """Where Checkout sends the buyer back to: fulfill through the same function as the webhook, and show the result."""
    begin_write()
    try:
        order = confirm_checkout(current_user, request.args.get("session_id", ""))
    except UnknownSession:
        abort(404)
    return render_template("pricing/success.html", state=order.state, plan_name=order.plan_name)


def _had_trial() -> bool:
    """Whether the reader's free trial is used up, as far as it is known without asking Stripe."""
    scope = known_scope() if current_user.is_authenticated else None
    return scope is not None and has_subscribed(current_user.id, scope)


def _interval(value: str) -> Interval:
    try:
        return Interval(value)
    except ValueError:
        abort(400)


def _own_interval(subscription: Subscription | None) -> str:
    is_yearly = subscription is not None and subscription.interval == Interval.YEAR
    return Interval.YEAR.value if is_yearly else Interval.MONTH.value


def _plans(interval: Interval, subscription: Subscription | None) -> list[PlanView]:
    scope = known_scope() if current_user.is_authenticated else None
    owned = scope is not None and owns_for_life(current_user, scope)
    return plan_views(interval, subscription, owns_for_life=owned)


def _subscription() -> Subscription | None:
    """The reader's subscription, as far as it is known without asking Stripe."""
    scope = known_scope() if current_user.is_authenticated else None
    return live_subscription(current_user, scope) if scope else None


def _see_other(address: str) -> Response:
    return redirect(address, code=303)  # type: ignore[return-value]
