"""What the operator fills in to grant access."""

from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.admin.act_forms import ActForm, LastDayField
from app.billing.catalog.plans import current_catalog

CHARGE, PAUSE, COUPON = "charge", "pause", "coupon"


class GrantForm(ActForm):
    """A role given by hand, until the end of a day (UTC) or for good, and why."""

    role = SelectField("Role", choices=lambda: [SelectChoice(r.key, r.name) for r in current_catalog().granted_roles])
    until = LastDayField("Until, or for good where this is empty", validators=[Optional()])
    reason = StringField("Why", validators=[InputRequired("Say why."), Length(max=500)])


class SubscriberGrantForm(GrantForm):
    """The same for somebody who pays: a grant alone changes nothing of what they are charged."""

    payments = RadioField(
        "What they pay",
        choices=[
            SelectChoice(CHARGE, "Goes on as it is"),
            SelectChoice(PAUSE, "Is paused until the grant ends"),
            SelectChoice(COUPON, "Is less by a coupon"),
        ],
        default=CHARGE,
    )
    coupon = StringField("Coupon, by its id in Stripe", validators=[Length(max=100)])

    def validate_coupon(self, field: StringField) -> None:
        """Only with a coupon is there one to name."""
        if self.payments.data == COUPON and not (field.data or "").strip():
            raise ValidationError("Enter the coupon's id.")
