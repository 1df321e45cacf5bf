"""The forms of second factors."""

from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired, Length

from app.languages import lazy_gettext as _l
from app.languages.forms import Form

LONGEST_CODE = 60


class CodeForm(Form):
    """A code: the app's six digits, or a recovery code."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Enter the code.")), Length(max=LONGEST_CODE)])
    next = HiddenField()


class SecondStepForm(CodeForm):
    """The second step of a log-in."""

    trust = BooleanField(_l("Do not ask again on this device for 30 days"))


class AnswerForm(Form):
    """What a device answers, as JSON; the script fills it in."""

    credential = HiddenField()


class NameForm(Form):
    """What its owner calls a passkey."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Give it a name.")), Length(max=60)])


class NewPasskeyForm(NameForm, AnswerForm):
    """A passkey that a device has made."""
