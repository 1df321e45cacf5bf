"""Acts: a page that says what will happen and to whom, and then the doing. Each asks again who it is first."""

import uuid

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug import Response

from app.admin.act import Heading, UserAct
from app.admin.act_forms import ActForm, RefundForm
from app.admin.acts import ACTS
from app.auth.models import User
from app.auth.step_up import fresh_sign_in_required
from app.billing.catalog.plans import current_catalog
from app.billing.errors import CannotBeDone, StripeUnavailable
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.support.orders import fulfill_in_spite
from app.billing.support.refunds import amount_refundable, refund_payment
from app.database import db
from app.templating import date, decimal_amount, money
from app.words import bought

SETTLE = Heading("Settle an order", "Fulfill it")
REFUND = Heading("Refund a payment", "Refund it", is_danger=True)
Answer = Response | str | tuple[str, int]


@fresh_sign_in_required
def user_act(user_id: uuid.UUID, name: str) -> Answer:
    """Say what an act will do to this user."""
    user, act = _find(user_id, name)
    try:
        return _show(act, act.says(user), act.form_of(user)(formdata=None), url_for("admin.user", user_id=user_id))
    except CannotBeDone as error:
        flash(str(error), "warn")
        return redirect(url_for("admin.user", user_id=user_id))


@fresh_sign_in_required
def do_user_act(user_id: uuid.UUID, name: str) -> Answer:
    """Do it, and say what came of it."""
    user, act = _find(user_id, name)
    back, form = url_for("admin.user", user_id=user_id), act.form_of(user)()
    try:
        if not form.validate_on_submit():
            return _show(act, act.says(user), form, back), 422
        flash(act.do(user, form), "success")
    except CannotBeDone as error:
        flash(str(error), "warn")
    except StripeUnavailable as error:
        flash(f"{error} {act.unheard}", "danger")
    else:
        back = url_for(act.leads_to) if act.leads_to else back
    return redirect(back if db.session.get(User, user_id) else url_for("admin.users"), 303)


@fresh_sign_in_required
def refund(payment_id: int) -> Answer:
    """Say what a refund of this payment will do."""
    payment = _find_payment(payment_id)
    left = amount_refundable(payment)
    if left <= 0:
        flash("Nothing of this payment can be given back.", "warn")
        return redirect(_page_of(payment), 303)
    form = RefundForm(formdata=None, amount=decimal_amount(left, payment.currency))
    return _show(REFUND, _says_refund(payment), form, _page_of(payment))


@fresh_sign_in_required
def do_refund(payment_id: int) -> Answer:
    """Give the money back."""
    payment, form = _find_payment(payment_id), RefundForm()
    back = _page_of(payment)
    form.currency = payment.currency
    if not form.validate_on_submit():
        return _show(REFUND, _says_refund(payment), form, back), 422
    try:
        refund = refund_payment(
            payment, form.minor_units, current_scope(), actor=current_user.email, reason=form.reason.data or ""
        )
        flash(f"{money(refund.amount, payment.currency)} is on its way back.", "success")
    except CannotBeDone as error:
        flash(str(error), "warn")
    except StripeUnavailable as error:
        flash(f"{error} Refresh from Stripe before you try again: it tells whether the money went back.", "danger")
    return redirect(back, 303)


@fresh_sign_in_required
def settle(order_id: uuid.UUID) -> Answer:
    """Say what fulfilling a mismatched order means, and how to give the money back instead."""
    return _show_settle(_find_order(order_id), ActForm(formdata=None))


@fresh_sign_in_required
def do_settle(order_id: uuid.UUID) -> Answer:
    """Fulfill the order in spite of what was paid."""
    order, form = _find_order(order_id), ActForm()
    if not form.validate_on_submit():
        return _show_settle(order, form), 422
    try:
        fulfill_in_spite(order, current_scope(), actor=current_user.email, reason=form.reason.data or "")
        flash("The order is fulfilled.", "success")
    except CannotBeDone as error:
        flash(str(error), "warn")
    return redirect(url_for("admin.orders", state="mismatched"), 303)


def _find(user_id: uuid.UUID, name: str) -> tuple[User, UserAct]:
    user, act = db.session.get(User, user_id), ACTS.get(name)
    if user is None or act is None:
        abort(404)
    return user, act


def _find_payment(payment_id: int) -> Payment:
    scope = current_scope()
    return db.session.scalar(db.select(Payment).where(Payment.id == payment_id, scope.covers(Payment))) or abort(404)


def _find_order(order_id: uuid.UUID) -> Order:
    scope = current_scope()
    return db.session.scalar(db.select(Order).where(Order.id == order_id, scope.covers(Order))) or abort(404)


def _show_settle(order: Order, form: ActForm) -> str:
    says = [
        f"{current_catalog().plan_name(order.plan_key)} was ordered for {money(order.amount, order.currency)}: "
        f"{order.note or 'as agreed'}.",
        "Fulfilling it gives what was ordered, as if it had been paid as agreed.",
    ]
    paid = db.session.scalar(db.select(Payment.id).where(Payment.order_id == order.id).limit(1))
    refund = url_for("admin.refund", payment_id=paid) if paid else None
    return _show(SETTLE, says, form, url_for("admin.orders", state="mismatched"), instead=refund)


def _page_of(payment: Payment) -> str:
    owner = payment.user_id
    return url_for("admin.user", user_id=owner) if owner else url_for("admin.payments")


def _says_refund(payment: Payment) -> list[str]:
    left = amount_refundable(payment)
    owner = db.session.get(User, payment.user_id) if payment.user_id else None
    whose = owner.email if owner else "somebody whose account is gone"
    says = [
        f"{money(payment.amount, payment.currency)} was paid by {whose} on {date(payment.created_at)}: "
        f"{bought(payment.description, current_app.config['APP_NAME'])}.",
        f"{money(left, payment.currency)} of it can go back to the card or account that it came from.",
    ]
    if payment.order_id and not payment.stripe_subscription_id:
        says.append("A full refund takes back what was bought; a part takes nothing.")
    else:
        says.append("The subscription goes on: ending it is a step of its own.")
    return says


def _show(act: Heading, says: list[str], form: ActForm, back: str, instead: str | None = None) -> str:
    return render_template("admin/act.html", act=act, says=says, form=form, back=back, instead=instead)
