"""The account's forms."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import InputRequired, ValidationError

from app.auth.forms import ENTER_ADDRESS, Address, password_field, text_of
from app.auth.password_rules import password_problem
from app.auth.sessions import this_user
from app.auth.sign_in import confirm_password
from app.request_log import note_security

DOES_NOT_MATCH = "This is not your current password."


class ConfirmedForm(FlaskForm):
    """Any form that asks for the password of someone who is signed in."""

    current_password = password_field("Current password", "Enter your current password.")


class ChangeEmailForm(ConfirmedForm):
    """Another address, which counts once it is verified."""

    email = EmailField("New address", validators=[InputRequired(ENTER_ADDRESS), Address()])

    def __init__(self, email: str, **options: Any) -> None:
        super().__init__(**options)
        self._email = email

    def validate_email(self, field: EmailField) -> None:
        """Refuse the address that counts already."""
        if field.data == self._email:
            raise ValidationError("This is your address already.")


class ChangePasswordForm(ConfirmedForm):
    """Another password."""

    new_password = password_field("New password", "Choose a password.")

    def __init__(self, email: str, **options: Any) -> None:
        super().__init__(**options)
        self._email = email

    def validate_new_password(self, field: PasswordField) -> None:
        """Refuse what NIST SP 800-63B refuses."""
        problem = password_problem(field.data or "", self._email)
        if problem:
            raise ValidationError(problem)


class EndSessionsForm(ConfirmedForm):
    """Logging out one other browser, or all of them."""

    session_id = HiddenField()


class DeleteForm(ConfirmedForm):
    """The end of the account."""


def is_confirmed(form: ConfirmedForm) -> bool:
    """Whether the form is in order and the password is the reader's own."""
    if not form.validate_on_submit():
        return False
    if confirm_password(this_user(), text_of(form.current_password)):
        return True
    note_security("wrong_current_password")
    form.current_password.errors = [DOES_NOT_MATCH]
    return False
