"""What an act of an operator is, for its page and for the list of those that make sense."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask_login import current_user

from app.admin.act_forms import ActForm
from app.auth.models import User


@dataclass(frozen=True)
class Heading:
    """What the page of an act is called, and its button."""

    title: str
    button: str
    is_danger: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class UserAct(Heading):
    """An act on a user. `says` raises `CannotBeDone` where it does not apply; `do` answers what came of it."""

    says: Callable[[User], list[str]]
    do: Callable[[User, ActForm], str]
    form: type[ActForm] = ActForm
    # Whether it makes sense for this user now, so that it is offered.
    applies: Callable[[User], bool] = lambda _: True
    # What to know where Stripe could not be asked, at once or half way.
    unheard: str = "Nothing was changed here; refresh from Stripe before you try again."
    # The endpoint that it leads to when it is done, if not back to the user's page.
    leads_to: str = ""
    # What is asked for, where that depends on the user.
    form_for: Callable[[User], type[ActForm]] | None = None

    def form_of(self, user: User) -> type[ActForm]:
        """What is asked for when it is this user."""
        return self.form_for(user) if self.form_for else self.form


def actor() -> str:
    """Who acts, for the audit."""
    email: str = current_user.email
    return email
