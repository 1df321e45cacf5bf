"""What a user fills in on the dashboard."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length, ValidationError

from app.dashboard.models import LONGEST_NAME


class ProjectForm(FlaskForm):
    """A new project."""

    name = StringField(
        "Name",
        filters=[lambda text: " ".join((text or "").split())],
        validators=[
            InputRequired("Give the project a name."),
            Length(max=LONGEST_NAME, message=f"Use at most {LONGEST_NAME} characters."),
        ],
    )

    def validate_name(self, field: StringField) -> None:
        """Refuse what no database, file or page can show."""
        if not (field.data or "").isprintable() or not field.data:
            raise ValidationError("Give the project a name that can be read.")
