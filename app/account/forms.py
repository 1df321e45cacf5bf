"""The account's forms."""

from typing import Any

from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import InputRequired, StopValidation, ValidationError

from app.auth.forms import ENTER_ADDRESS, MailableAddress, not_endless, password_field, text_of
from app.auth.password_rules import password_problem
from app.auth.sessions import this_user
from app.auth.sign_in import confirm_password
from app.auth.step_up import has_confirmed, require_fresh_sign_in
from app.auth.tries import nothing_was_tried
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.languages.forms import Form

DOES_NOT_MATCH = _l("This is not your current password.")


class CurrentPassword:
    """Ask for the password of someone who is signed in, unless there is another sign that it is them."""

    def __call__(self, form: Form, field: PasswordField) -> None:
        if not field.data and asks_password():
            raise StopValidation(_("Enter your current password."))


class ConfirmedForm(Form):
    """Any form that only its account's owner may send: see `is_confirmed`."""

    current_password = PasswordField(_l("Current password"), validators=[CurrentPassword(), not_endless])


class ChangeEmailForm(ConfirmedForm):
    """Another address, which counts once it is verified."""

    email = EmailField(_l("New address"), validators=[InputRequired(ENTER_ADDRESS), MailableAddress()])

    def __init__(self, email: str, **options: Any) -> None:
        super().__init__(**options)
        self._email = email

    def validate_email(self, field: EmailField) -> None:
        """Refuse the address that counts already."""
        if field.data == self._email:
            raise ValidationError(_("This is your address already."))


class ChangePasswordForm(ConfirmedForm):
    """Another password."""

    new_password = password_field(_l("New password"), _l("Choose a password."))

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


class ConfirmForm(Form):
    """The password of someone who is signed in, before something that matters."""

    password = password_field()
    next = HiddenField()


def asks_password() -> bool:
    """Whether these forms ask for the password: not who has none, nor who has just shown that it is them."""
    return this_user().password_hash is not None and not has_confirmed()


def is_confirmed(form: ConfirmedForm) -> bool:
    """Whether the form is in order and its sender the account's owner; a password that is typed has to be right.

    Raises `StepUpRequired` for who has no password and has not shown lately that it is them.
    """
    if this_user().password_hash is None:
        require_fresh_sign_in()
    if not form.validate_on_submit():
        nothing_was_tried()
        return False
    typed = text_of(form.current_password)
    if (not typed and not asks_password()) or confirm_password(this_user(), typed):
        return True
    form.current_password.errors = [DOES_NOT_MATCH]
    return False
