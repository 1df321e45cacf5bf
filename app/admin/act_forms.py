"""What an operator fills in before an act."""

from datetime import UTC, datetime, time
from decimal import Decimal

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, DecimalField, EmailField, IntegerField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.auth.forms import ENTER_ADDRESS, MailableAddress
from app.billing.support.subscriptions import LONGEST_EXTENSION
from app.database import utcnow
from app.templating import minor_units

AT_THE_END, NOW = "at_the_end", "now"


class LastDayField(DateField):
    """A day (UTC) through which something lasts; one that is over already is a slip of the pen."""

    @property
    def moment(self) -> datetime | None:
        """The last second of the chosen day; None where none is chosen."""
        return datetime.combine(self.data, time(23, 59, 59), UTC) if self.data else None

    def pre_validate(self, form: BaseForm) -> None:
        """Refuse a day that is over."""
        if self.moment and self.moment <= utcnow():
            raise ValidationError("Choose a day that is still to come.")


class ActForm(FlaskForm):
    """An act that asks for nothing but a reason, which the audit keeps."""

    reason = StringField("Reason, for the audit", validators=[Optional(), Length(max=500)])


def typed_minor_units(amount: Decimal | None, currency: str) -> int:
    """An amount that was typed in, in minor units; raise `ValidationError` for one that is finer than the currency."""
    try:
        return minor_units(amount or Decimal(0), currency)
    except ValueError as error:
        raise ValidationError(f"That is no amount in {currency.upper()}.") from error


class SuspendForm(ActForm):
    """Why somebody is shut out."""

    reason = StringField(
        "Reason, which stands on their page here", validators=[InputRequired("Say why."), Length(max=500)]
    )


class RefundForm(ActForm):
    """How much of a payment goes back, as it stands on the receipt."""

    amount = DecimalField("Amount", places=None, validators=[InputRequired("Enter an amount, such as 9.50.")])
    # The payment's, set by the view.
    currency = ""

    @property
    def minor_units(self) -> int:
        """The amount in minor units."""
        return typed_minor_units(self.amount.data, self.currency)

    def validate_amount(self, field: DecimalField) -> None:
        """Refuse an amount that is finer than its currency."""
        typed_minor_units(field.data, self.currency)


class CancelForm(ActForm):
    """When a subscription ends."""

    when = RadioField(
        "When",
        choices=[SelectChoice(AT_THE_END, "When the time that is paid for ends"), SelectChoice(NOW, "Now")],
        default=AT_THE_END,
    )


class RefundingCancelForm(CancelForm):
    """The same where the last payment can be given back."""

    gives_back = BooleanField("Give the last payment back")


class ExtendForm(ActForm):
    """How many days cost nothing."""

    days = IntegerField(
        "Days", validators=[InputRequired("Enter a number of days."), NumberRange(1, LONGEST_EXTENSION)]
    )


class NewAddressForm(ActForm):
    """Another address for an account."""

    email = EmailField("New e-mail address", validators=[InputRequired(ENTER_ADDRESS), MailableAddress()])
