"""Promotion codes: made and switched off by the API, listed, and who used them."""

import uuid
from decimal import Decimal

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug import Response
from wtforms import BooleanField, DecimalField, HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from app.admin.act_forms import LastDayField, typed_minor_units
from app.admin.lists import emails_of
from app.admin.paging import newest_first
from app.billing.catalog.plans import current_catalog
from app.billing.errors import CannotBeDone, StripeObjectMissing, StripeUnavailable
from app.billing.gateway.account import current_scope
from app.billing.gateway.code_objects import PromotionCodeObject
from app.billing.models.used import UsedCode
from app.billing.payments.codes import plans_of, uses_of
from app.billing.support.codes import FOREVER, ONCE, REPEATING, NewCode, find_code, list_codes, make_code, switch_code

PERCENT, AMOUNT = "percent", "amount"


class CodeForm(FlaskForm):
    """What a code takes off, for how long, and how often it can be used."""

    code = StringField(
        "Code",
        validators=[
            InputRequired("Write the code that people will type."),
            Length(max=100),
            Regexp(r"^[A-Za-z0-9-]+$", message="Use letters, digits and dashes."),
        ],
    )
    kind = RadioField(
        "It takes off",
        choices=[SelectChoice(PERCENT, "A part, in percent"), SelectChoice(AMOUNT, "An amount")],
        default=PERCENT,
    )
    off = DecimalField("How much", places=None, validators=[InputRequired("Enter a number, such as 20 or 9.50.")])
    duration = SelectField(
        "For",
        choices=[
            SelectChoice(ONCE, "The first payment"),
            SelectChoice(REPEATING, "Some months"),
            SelectChoice(FOREVER, "As long as they subscribe"),
        ],
    )
    months = IntegerField("Months", validators=[Optional(), NumberRange(1, 120)])
    max_redemptions = IntegerField("Uses", validators=[Optional(), NumberRange(1, 1_000_000)])
    last_day = LastDayField("Last day", validators=[Optional()])
    is_for_new_customers = BooleanField("Only for who has never paid")
    token = HiddenField(default=lambda: uuid.uuid4().hex, validators=[Length(max=64)])

    def validate_off(self, field: DecimalField) -> None:
        """A part is at most all of it; an amount is no finer than the currency."""
        off = field.data or Decimal(0)
        if not off.is_finite() or off <= 0 or (self.kind.data == PERCENT and off > 100):
            raise ValidationError("Enter more than nothing, and at most 100 percent.")
        if self.kind.data == AMOUNT:
            typed_minor_units(off, current_catalog().currency)

    def validate_duration(self, field: SelectField) -> None:
        """Where it lasts some months, say how many."""
        if field.data == REPEATING and not self.months.data:
            raise ValidationError("Say how many months.")

    def read(self) -> NewCode:
        """What was filled in."""
        off, currency = self.off.data or Decimal(0), current_catalog().currency
        is_amount = self.kind.data == AMOUNT
        return NewCode(
            code=(self.code.data or "").upper(),
            token=self.token.data or uuid.uuid4().hex,
            percent_off=None if is_amount else float(off),
            amount_off=typed_minor_units(off, currency) if is_amount else None,
            currency=currency if is_amount else None,
            duration=self.duration.data,
            months=self.months.data,
            max_redemptions=self.max_redemptions.data,
            expires_at=self.last_day.moment,
            is_for_new_customers=bool(self.is_for_new_customers.data),
        )


def codes() -> str:
    """The codes as Stripe has them, and a form for another."""
    return _show(CodeForm(formdata=None))


def make() -> Response | tuple[str, int]:
    """Make a code."""
    form = CodeForm()
    if not form.validate_on_submit():
        return _show(form), 422
    try:
        made = make_code(form.read(), current_scope(), actor=current_user.email)
    except CannotBeDone as error:
        form.code.errors = [str(error)]
        # Another attempt, which may differ: with the same name Stripe would take it for this one.
        form.token.data = uuid.uuid4().hex
        return _show(form), 422
    except StripeUnavailable as error:
        flash(f"{error} Send it again: it makes one code, however often it is sent.", "danger")
        return _show(form), 503
    flash(f"{made.code} can be used in Checkout now.", "success")
    return redirect(url_for("admin.code", code_id=made.id), 303)


def code(code_id: str) -> str:
    """One code, and who used it."""
    scope = current_scope()
    try:
        found: PromotionCodeObject | None = find_code(code_id, scope)
        unavailable = ""
    except StripeObjectMissing:
        abort(404)
    except StripeUnavailable as error:
        found, unavailable = None, str(error)
    page = newest_first(uses_of(code_id, scope), UsedCode.used_at, UsedCode.used_for, request.args.get("after"))
    return render_template(
        "admin/code.html",
        code=found,
        code_id=code_id,
        unavailable=unavailable,
        page=page,
        emails=emails_of(page.rows),
        plans=plans_of(page.rows),
    )


def switch(code_id: str) -> Response:
    """Let it be used, or not any more."""
    is_active = request.form.get("active") == "true"
    try:
        switch_code(code_id, is_active, current_scope(), actor=current_user.email)
        flash("It can be used again." if is_active else "Nobody can use it any more.", "success")
    except CannotBeDone as error:
        flash(str(error), "warn")
    except StripeUnavailable as error:
        flash(f"{error} Nothing was changed.", "danger")
    return redirect(url_for("admin.code", code_id=code_id), 303)


def _show(form: CodeForm) -> str:
    found: list[PromotionCodeObject] = []
    unavailable = ""
    try:
        found = list_codes(current_scope())
    except StripeUnavailable as error:
        unavailable = str(error)
    return render_template("admin/codes.html", form=form, codes=found, unavailable=unavailable)
