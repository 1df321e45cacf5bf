"""What a reader fills in for a token."""

from datetime import timedelta

from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, ValidationError

from app.api.models import LONGEST_NAME
from app.api.tokens import SCOPES
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.languages.forms import Form

DAYS = {"30": _l("30 days"), "90": _l("90 days"), "365": _l("A year"), "": _l("No end")}


class TokenForm(Form):
    """A token: what it is called, what it may do, and until when."""

    name = StringField(
        _l("Name"),
        filters=[lambda text: " ".join((text or "").split())],
        validators=[
            InputRequired(_l("Give the token a name.")),
            Length(max=LONGEST_NAME, message=_l("Use at most %(count)s characters.", count=LONGEST_NAME)),
        ],
    )
    scopes = SelectMultipleField(
        _l("What it may do"),
        choices=[SelectChoice(name, words) for name, words in SCOPES.items()],
        validators=[InputRequired(_l("Choose at least one thing that it may do."))],
    )
    days = SelectField(
        _l("Works for"), choices=[SelectChoice(days, words) for days, words in DAYS.items()], default="90"
    )

    def validate_name(self, field: StringField) -> None:
        """Refuse what no page can show."""
        if not (field.data or "").isprintable():
            raise ValidationError(_("Use letters that can be read."))

    @property
    def lasts(self) -> timedelta | None:
        """How long the token works; None for no end."""
        return timedelta(days=int(self.days.data)) if self.days.data else None
