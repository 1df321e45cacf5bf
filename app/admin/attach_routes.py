"""Giving what was paid for an account that is gone to another account."""

import uuid

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug import Response
from wtforms import EmailField
from wtforms.validators import InputRequired, ValidationError

from app.admin.act import Heading
from app.admin.act_forms import ActForm
from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.forms import ENTER_ADDRESS
from app.auth.models import User
from app.auth.step_up import fresh_sign_in_required
from app.billing.errors import CannotBeDone
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order
from app.billing.support.orders import attach_order
from app.database import db
from app.templating import money, plan_name

ATTACH = Heading("Attach an order to an account", "Attach and fulfill it")


class AttachForm(ActForm):
    """Whose the order shall be."""

    email = EmailField("E-mail of the account", validators=[InputRequired(ENTER_ADDRESS)])
    user: User | None = None

    def validate_email(self, field: EmailField) -> None:
        """Find the account."""
        try:
            address = normalize_address(field.data or "")
        except InvalidAddress as error:
            raise ValidationError(ENTER_ADDRESS) from error
        self.user = db.session.scalar(sa.select(User).where(User.email == address))
        if self.user is None:
            raise ValidationError("No account has this address.")


@fresh_sign_in_required
def attach(order_id: uuid.UUID) -> str:
    """Say what attaching means."""
    return _show(_find(order_id), AttachForm(formdata=None))


@fresh_sign_in_required
def do_attach(order_id: uuid.UUID) -> Response | tuple[str, int]:
    """Attach the order, and give what it was for."""
    order, form = _find(order_id), AttachForm()
    if not form.validate_on_submit() or form.user is None:
        return _show(order, form), 422
    try:
        attach_order(order, form.user, current_scope(), actor=current_user.email, reason=form.reason.data or "")
        flash(f"{form.user.email} has it now.", "success")
    except CannotBeDone as error:
        flash(str(error), "warn")
    return redirect(url_for("admin.orders", state="mismatched"), 303)


def _find(order_id: uuid.UUID) -> Order:
    scope = current_scope()
    return db.session.scalar(db.select(Order).where(Order.id == order_id, scope.covers(Order))) or abort(404)


def _show(order: Order, form: AttachForm) -> str:
    says = [
        f"{plan_name(order.plan_key)} was ordered for {money(order.amount, order.currency)}, and paid when its account "
        "was gone.",
        "The account below gets what was ordered, and the payment with its receipt. Be sure that it is the buyer's.",
    ]
    back = url_for("admin.orders", state="mismatched")
    return render_template("admin/act.html", act=ATTACH, says=says, form=form, back=back, instead=None)
