"""What a user fills in: one entry, or a file of them."""

from datetime import date
from decimal import Decimal, InvalidOperation

from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, ValidationError

from app.billing.catalog.plans import current_catalog
from app.dashboard.product.models import LONGEST_LABEL, Kind
from app.database import utcnow
from app.languages import current_language
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.languages.formats import number_typed
from app.languages.forms import Form
from app.templating import decimals_of, minor_units

MOST = 10**12
EARLIEST = date(1900, 1, 1)
KINDS = [SelectChoice(Kind.IN.value, _l("Came in")), SelectChoice(Kind.OUT.value, _l("Went out"))]


def read_amount(text: str, currency: str) -> int:
    """Read an amount as people write it: "1,250", "$9.50". Raises `ValueError`, in words for its writer."""
    try:
        amount = Decimal(text.strip().lstrip("$€£¥+").replace(",", "").strip())
    except InvalidOperation:
        raise ValueError(_("Write the amount as a number, like 1250 or 9.50.")) from None
    if not amount.is_finite() or not 0 < amount.scaleb(decimals_of(currency)) <= MOST:
        raise ValueError(_("Write an amount that is more than nothing."))
    try:
        return minor_units(amount, currency)
    except ValueError:
        raise ValueError(_("The amount has too many decimal places.")) from None


class EntryForm(Form):
    """One entry: what, how much, which way, when."""

    kind = SelectField(_l("Kind"), choices=KINDS)
    label = StringField(
        _l("What"),
        filters=[lambda text: " ".join((text or "").split())],
        validators=[
            InputRequired(_l("Say what it was.")),
            Length(max=LONGEST_LABEL, message=_l("Use at most %(count)s characters.", count=LONGEST_LABEL)),
        ],
    )
    amount = StringField(_l("Amount"), validators=[InputRequired(_l("Write the amount."))])
    happened_on = DateField(
        _l("Date"), default=lambda: utcnow().date(), validators=[InputRequired(_l("Choose the day."))]
    )

    def validate_label(self, field: StringField) -> None:
        """Refuse what no database, file or page can show."""
        if not field.data or not field.data.isprintable():
            raise ValidationError(_("Say what it was, in letters that can be read."))

    def validate_amount(self, field: StringField) -> None:
        """Remember the amount in minor units."""
        try:
            self.amount_minor = read_amount(
                number_typed(current_language(), field.data or ""), current_catalog().currency
            )
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def validate_happened_on(self, field: DateField) -> None:
        """A day that calendars have in common."""
        if field.data and field.data < EARLIEST:
            raise ValidationError(_("Choose a later day."))


class ImportForm(Form):
    """A file of entries."""

    file = FileField(_l("CSV file"), validators=[FileRequired(_l("Choose a file."))])
