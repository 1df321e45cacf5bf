"""Asking for the password again before something that matters."""

from app.account.forms import DOES_NOT_MATCH, ConfirmedForm
from app.auth.accounts import confirm_password
from app.auth.forms import text_of
from app.auth.sessions import this_user


def is_confirmed(form: ConfirmedForm) -> bool:
    """Whether the form is in order and the password is the reader's own."""
    if not form.validate_on_submit():
        return False
    if confirm_password(this_user(), text_of(form.current_password)):
        return True
    form.current_password.errors = [DOES_NOT_MATCH]
    return False
