"""Seeing the site as a person does: the act that begins it."""

from app.admin.act import UserAct
from app.admin.act_forms import ActForm
from app.audit import Act, ActKind, recorded
from app.auth import viewing
from app.auth.models import User
from app.auth.sessions import this_user
from app.billing.errors import CannotBeDone


def _says(user: User) -> list[str]:
    if forbidden := viewing.why_not(user):
        raise CannotBeDone(forbidden)
    return [
        f"For half an hour you see this site as {user.email} does, and can change nothing.",
        "A bar on every page says so, and has the button that ends it. Their activity tells them that you looked.",
    ]


def _view(user: User, form: ActForm) -> str:
    admin = this_user()
    with recorded(Act(ActKind.VIEW, admin.email, user.id, reason=form.reason.data or "")) as act:
        if forbidden := viewing.why_not(user):
            raise CannotBeDone(forbidden)
        until = viewing.begin(admin, user)
        act.changes = {"until": until.isoformat()}
    return f"Until {until:%H:%M} UTC you see the site as {user.email} does."


VIEW = UserAct(
    "See the site as they do",
    "Begin",
    _says,
    _view,
    applies=lambda user: viewing.why_not(user) is None,
    leads_to="dashboard.index",
)
