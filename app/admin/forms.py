"""What the operator fills in."""

from datetime import UTC, datetime, time

from flask_wtf import FlaskForm
from wtforms import DateField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional, ValidationError

from app.billing.catalog.plans import current_catalog
from app.database import utcnow


class GrantForm(FlaskForm):
    """A role given by hand, until the end of a day (UTC) or for good."""

    role = SelectField("Role", choices=lambda: [SelectChoice(r.key, r.name) for r in current_catalog().granted_roles])
    until = DateField("Until", validators=[Optional()])

    def validate_until(self, field: DateField) -> None:
        """A gift that is over already is a slip of the pen."""
        if self.until_moment and self.until_moment <= utcnow():
            raise ValidationError("Choose a day that is still to come.")

    @property
    def until_moment(self) -> datetime | None:
        """The last second of the chosen day."""
        return datetime.combine(self.until.data, time(23, 59, 59), UTC) if self.until.data else None
