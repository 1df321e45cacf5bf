"""The forms of the account page; each asks for the current password."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, ValidationError

from app.auth.forms import ENTER_ADDRESS, Address, password_field
from app.auth.password_rules import password_problem

DOES_NOT_MATCH = "This is not your current password."


class ChangeEmailForm(FlaskForm):
    """Another address, which counts once it is verified."""

    email = EmailField("New address", validators=[InputRequired(ENTER_ADDRESS), Address()])
    current_password = password_field("Current password", "Enter your current password.")


class ChangePasswordForm(FlaskForm):
    """Another password."""

    current_password = password_field("Current password", "Enter your current password.")
    new_password = password_field("New password", "Choose a password.")

    def __init__(self, email: str, **options: Any) -> None:
        super().__init__(**options)
        self._email = email

    def validate_new_password(self, field: PasswordField) -> None:
        """Refuse what NIST SP 800-63B refuses."""
        problem = password_problem(field.data or "", self._email)
        if problem:
            raise ValidationError(problem)


class DeleteForm(FlaskForm):
    """The end of the account."""

    current_password = password_field("Your password", "Enter your current password.")
