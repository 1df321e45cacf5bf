"""The account page, as it is shown and as it comes back with a form that needs another look."""

from flask import render_template

from app.account.forms import ChangeEmailForm, ChangePasswordForm
from app.account.history import history_of, open_sessions
from app.account.standing import recent_payments, standing_of
from app.auth.sessions import this_user

PAYMENTS_SHOWN = 5
ENTRIES_SHOWN = 10


def account_page(email_form: ChangeEmailForm | None = None, password_form: ChangePasswordForm | None = None) -> str:
    """The page, with a form that came back if there is one."""
    user = this_user()
    summary, notice = standing_of(user)
    return render_template(
        "account/index.html",
        summary=summary,
        notice=notice,
        payments=recent_payments(user, PAYMENTS_SHOWN),
        email_form=email_form or ChangeEmailForm(user.email, formdata=None),
        password_form=password_form or ChangePasswordForm(user.email, formdata=None),
        sessions=open_sessions(user),
        audit=history_of(user, ENTRIES_SHOWN),
    )
