"""The forms to sign up, sign in and get back in."""

from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, StopValidation, ValidationError

from app.auth.email_addresses import InvalidAddress, can_get_mail, normalize_address
from app.auth.password_rules import LONGEST, TOO_LONG, password_problem
from app.bot_check import CheckedForm
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.languages.forms import Form

ENTER_ADDRESS = _l("Enter your e-mail address.")


class Address:
    """Validate an e-mail address, and replace it by its one spelling."""

    def __call__(self, form: Form, field: EmailField) -> None:
        try:
            field.data = normalize_address(field.data or "")
        except InvalidAddress as error:
            raise StopValidation(_("Enter an e-mail address like name@example.com.")) from error


class MailableAddress(Address):
    """The same for an address that is new here: our mail has to reach it."""

    def __call__(self, form: Form, field: EmailField) -> None:
        super().__call__(form, field)
        if not can_get_mail(text_of(field)):
            raise StopValidation(_("We can't send mail to this address. Take one with plain letters before the @."))


def password_field(label: str = _l("Password"), message: str = _l("Enter your password.")) -> PasswordField:
    """A field for a password that exists already: only so long that no password was ever longer."""
    return PasswordField(label, validators=[InputRequired(message), not_endless])


def text_of(field: StringField) -> str:
    """What was typed; nothing is an empty text."""
    return field.data or ""


def not_endless(form: Form, field: PasswordField) -> None:
    """Refuse what is longer than any password, before any work is spent on it."""
    if len(field.data or "") > LONGEST:
        raise StopValidation(TOO_LONG)


class SignupForm(CheckedForm):
    """A new account."""

    email = EmailField(_l("E-mail"), validators=[InputRequired(ENTER_ADDRESS), MailableAddress()])
    password = password_field(message=_l("Choose a password."))
    next = HiddenField()
    plan = HiddenField()
    interval = HiddenField()
    seats = HiddenField()
    currency = HiddenField()

    def validate_password(self, field: PasswordField) -> None:
        """Refuse what NIST SP 800-63B refuses."""
        problem = password_problem(field.data or "", self.email.data or "")
        if problem:
            raise ValidationError(problem)


class LoginForm(CheckedForm):
    """An existing account."""

    email = EmailField(_l("E-mail"), validators=[InputRequired(ENTER_ADDRESS), Address()])
    password = password_field()
    remember = BooleanField(_l("Keep me logged in for a month"))
    next = HiddenField()
    plan = HiddenField()
    interval = HiddenField()
    seats = HiddenField()
    currency = HiddenField()


class ForgotPasswordForm(CheckedForm):
    """Which address to send a link to."""

    email = EmailField(_l("E-mail"), validators=[InputRequired(ENTER_ADDRESS), Address()])


class ResetPasswordForm(Form):
    """The new password of someone who came by a link."""

    password = password_field(_l("New password"), _l("Choose a password."))

    def __init__(self, email: str) -> None:
        super().__init__()
        self._email = email

    def validate_password(self, field: PasswordField) -> None:
        """Refuse what NIST SP 800-63B refuses."""
        problem = password_problem(field.data or "", self._email)
        if problem:
            raise ValidationError(problem)
