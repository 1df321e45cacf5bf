"""The landing page, the prices, the way to Checkout and the way back."""

from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug import Response

from app.account.page import other_access
from app.auth.next_page import Destination, go_on
from app.auth.rate_limits import limit_checkout, limit_return
from app.auth.sessions import this_user
from app.billing.catalog.plans import Interval, Price, current_catalog, seats_in
from app.billing.checkout.confirm import CheckoutResult, confirm_checkout
from app.billing.errors import UnknownSession
from app.billing.gateway.account import known_scope
from app.billing.models.subscription import Subscription
from app.billing.payments.cards import card_on_file
from app.billing.payments.orders import bought_for_good
from app.billing.payments.trials import has_used_trial
from app.billing.roles.grants import given_role
from app.billing.subscriptions.lookup import billed_currency, subscription_to_change
from app.dashboard.product.example import example_entries, example_figures
from app.database import begin_write, utcnow
from app.extensions import csrf
from app.languages import gettext as _
from app.pricing.example import example_life
from app.pricing.presenters import PlanView, currencies_on_sale, intervals_on_sale, months_free, plan_views
from app.security import protect_checkout
from app.templating import date, seats, translated
from app.words import card_name

bp = Blueprint("pricing", __name__)


@bp.get("/")
def landing() -> str:
    """What this is, for whom, and what it costs."""
    currency = next(iter(currencies_on_sale()), None)
    plans, today = plan_views(_first_interval(), currency=currency), utcnow().date()
    return render_template(
        "pricing/landing.html",
        plans=plans,
        currency=currency or current_catalog().currency,
        intervals=intervals_on_sale(),
        life=example_life(_recommended(plans), today),
        shown=example_figures(today, current_catalog().currency),  # app.dashboard.product
        entries=example_entries(today, current_catalog().currency),  # app.dashboard.product
    )


@bp.get("/pricing")
def index() -> str:
    """The plans, month or year, in one currency: unless asked for, as the reader pays already."""
    subscription = _subscription()
    asked = request.args.get("interval")
    billed = _billed_currency()
    currency = billed or _currency(request.args.get("currency"))
    interval = _interval(asked) if asked else _own_interval(subscription)
    return render_template(
        "pricing/index.html",
        interval=interval.value,
        intervals=intervals_on_sale(),
        currency=currency,
        # Stripe bills a customer in one currency alone: who has a subscription has chosen.
        currencies=() if billed else currencies_on_sale(),
        plans=_plans(interval, currency, subscription),
        months_free=months_free(currency),
        seats=_seats_to_show(subscription),
        is_free=_is_free(subscription),
        has_subscription=subscription is not None,
        already=None if subscription or not current_user.is_authenticated else other_access(this_user()),
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
    # What is asked of currencies and seats says nothing for a price that has one, or is not counted by the seat.
    if price.currency_options and "currency" in request.form:
        price = price.in_currency(request.form["currency"]) or abort(400)
    seats = _seats_wanted(price) if price.per_seat and "seats" in request.form else None
    wanted = Destination(price=price, seats=seats)
    if not current_user.is_authenticated:
        return redirect(f"{url_for('auth.signup')}?{urlencode(wanted.as_fields())}", 303)
    return go_on(current_user.id, wanted)


@bp.get("/checkout/success")
@login_required
@limit_return
def success() -> str:
    """Where Checkout sends the buyer back to: fulfill through the same function as the webhook, and show the result."""
    begin_write()
    try:
        order = confirm_checkout(current_user, request.args.get("session_id", ""))
    except UnknownSession:
        abort(404)
    return render_template(
        "pricing/success.html",
        state=order.state,
        plan_name=translated(order.plan_name),
        receipt=_receipt(order),
        paid=order.paid,
        currency=order.currency,
    )


def _receipt(order: CheckoutResult) -> list[tuple[str, str]]:
    """What was bought, with what, and what comes next, line by line."""
    often = {"month": _("monthly"), "year": _("yearly")}.get(order.interval or "", "")
    what = [translated(order.plan_name), often, seats(order.seats) if order.seats else ""]
    lines = [(_("Plan"), ", ".join(filter(None, what)))]
    subscription = _subscription() if order.interval else None
    if subscription and subscription.renews_at and subscription.is_charged_again:
        lines.append((_("Next charge"), date(subscription.renews_at)))
    if subscription and (card := _card()):
        lines.append((_("Card"), card))
    return [*lines, (_("Receipt"), order.receipt_number)] if order.receipt_number else lines


def _card() -> str | None:
    """What the reader pays with, as far as Stripe tells."""
    scope = known_scope()
    row = card_on_file(this_user(), scope, again=False) if scope else None
    return card_name(row.card_brand, row.card_last4) if row and row.card_brand else None


def _had_trial() -> bool:
    """Whether the reader's free trial is used up, as far as it is known without asking Stripe."""
    scope = known_scope() if current_user.is_authenticated else None
    return scope is not None and has_used_trial(current_user.id, scope)


def _interval(value: str) -> Interval:
    try:
        return Interval(value)
    except ValueError:
        abort(400)


def _currency(asked: str | None) -> str | None:
    """The one that was asked for, where it is on sale; the first one otherwise."""
    on_sale = currencies_on_sale()
    return asked if asked in on_sale else next(iter(on_sale), None)


def _billed_currency() -> str | None:
    """The one currency that the reader is billed in, if there are several; never asks Stripe."""
    has_several = len(current_catalog().currencies) > 1
    scope = known_scope() if has_several and current_user.is_authenticated else None
    return billed_currency(current_user, scope) if scope else None


def _own_interval(subscription: Subscription | None) -> Interval:
    """As the reader pays already, where that is on sale."""
    own = subscription.interval if subscription else None
    return next((interval for interval in intervals_on_sale() if interval == own), _first_interval())


def _first_interval() -> Interval:
    """By the month, unless everything is sold by the year."""
    return next(iter(intervals_on_sale()), Interval.MONTH)


def _recommended(plans: list[PlanView]) -> PlanView | None:
    """The plan that the landing page shows an account of: the recommended one, or the first that renews."""
    renewing = [plan for plan in plans if plan.price.interval]
    return next((plan for plan in renewing if plan.is_recommended), next(iter(renewing), None))


def _is_free(subscription: Subscription | None) -> bool:
    """Whether the reader has what everybody has, and nothing that is paid for or given."""
    if subscription or not current_user.is_authenticated:
        return False
    return bool(current_user.role == current_catalog().lowest_role.key)


def _seats_wanted(price: Price) -> int:
    seats = seats_in(request.form["seats"])
    return seats if seats and seats <= price.most_seats else abort(400)


def _seats_to_show(subscription: Subscription | None) -> int:
    """How many seats the form starts with: those asked for, or those that are paid for now."""
    paid_for = subscription.seats if subscription else None
    return seats_in(request.args.get("seats", "")) or paid_for or 1


def _plans(interval: Interval, currency: str | None, subscription: Subscription | None) -> list[PlanView]:
    scope = known_scope() if current_user.is_authenticated else None
    owned = bought_for_good(current_user, scope) if scope else []
    gift = given_role(current_user) if current_user.is_authenticated else None
    return plan_views(interval, subscription, currency=currency, owned=owned, given=gift[0] if gift else None)


def _subscription() -> Subscription | None:
    """The reader's subscription, as far as it is known without asking Stripe."""
    scope = known_scope() if current_user.is_authenticated else None
    return subscription_to_change(current_user, scope) if scope else None
