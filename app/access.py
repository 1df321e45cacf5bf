"""Who asks, and who may see what: `load_reader`, `@role_required`, `@feature_required`, `@within_limit`."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import sqlalchemy as sa
from flask import Flask, abort, request, session
from flask_login import current_user

from app import announcements
from app.auth import viewing
from app.auth.factors.requirement import require_factor_of_admins, require_factor_of_everybody
from app.auth.models import User
from app.auth.sessions import SESSION_KEY, session_is_ignored, this_user
from app.billing.catalog.plans import Catalog
from app.billing.gateway.account import is_of_other_scope
from app.billing.reconcile.expired_roles import recheck_role
from app.config.load import CatalogError
from app.database import allowed_to_write, db, will_write
from app.extensions import login_manager
from app.languages import gettext, noted, speak

P = ParamSpec("P")
R = TypeVar("R")


class UpgradeRequired(Exception):
    """A signed-in reader whose plan does not include what was asked for; answered 403 with the way to upgrade.

    `kind` is role, feature or limit; `name` its key in the catalogue.
    """

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} {name} is required")


def init_access(app: Flask) -> None:
    """Say where signed-out readers are sent, and have the reader of each page loaded before its view."""
    login_manager.login_view = "auth.login"
    login_manager.login_message = noted("Log in to go on.")
    login_manager.localize_callback = gettext
    login_manager.login_message_category = "info"
    app.before_request(load_reader)


def load_reader() -> None:
    """Load who asks, before the view and its template do, and look once at a paid role past its end.

    That is the only place where reading a page may ask Stripe about a role; from here on a role is a column.
    """
    if _may_be_signed_in() and current_user.is_authenticated:
        user = this_user()
        speak(user.language)
        require_factor_of_everybody(user)
        if user.viewed_by is not None:
            viewing.allow_only_reading()
        else:
            recheck_lapsed_role(user)
        announcements.look_up()


def recheck_lapsed_role(user: User) -> None:
    """Ask Stripe once about a paid role that is past its end; a role that has not lapsed costs nothing."""
    if user.role_is_due or is_of_other_scope(user):
        with allowed_to_write():
            recheck_role(user)


def _may_be_signed_in() -> bool:
    """Whether the cookie says so; without one, the session is not even asked, so that answers do not vary with it."""
    is_asked = "HTTP_COOKIE" in request.environ and request.endpoint != "static" and not session_is_ignored()
    return is_asked and SESSION_KEY in session


def role_required(role: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only readers through whose role is at least `role`: signed out, to login; too low, 403 with the upgrade."""
    return _guard("role", role, lambda: current_user.has_role(role))


def feature_required(feature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only readers through whose plan includes the feature: signed out, to login; others, 403 with the upgrade."""
    return _guard("feature", feature, lambda: current_user.can(feature))


def within_limit(name: str, count: Callable[[], int]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a reader through who has fewer of `name` than their plan allows; `count` says how many they have.

    Signed out, to login; at the limit, 403 with the upgrade. Where the view may write, the reader's row is locked until
    it commits, so that two requests at once cannot both take the last place.
    """
    return _guard("limit", name, lambda: _has_room(name, count))


def require_role(role: str) -> None:
    """Raise `UpgradeRequired` for a signed-in reader whose role is lower; for a role known only when asked."""
    if not current_user.has_role(role):
        raise UpgradeRequired("role", role)


def _has_room(name: str, count: Callable[[], int]) -> bool:
    most = current_user.limit(name)
    if most is not None and will_write():
        db.session.execute(sa.select(User.id).where(User.id == current_user.id).with_for_update(key_share=True))
    return most is None or count() < most


def _guard(kind: str, name: str, is_allowed: Callable[[], bool]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_user.is_authenticated:
                return login_manager.unauthorized()
            if not is_allowed():
                raise UpgradeRequired(kind, name)
            return view(*args, **kwargs)

        # Looked at when the application starts: a name that the catalogue lacks is a slip of the pen.
        guarded.requires = [*getattr(view, "requires", []), (kind, name)]  # type: ignore[attr-defined]
        return guarded

    return decorate


def check_requirements(app: Flask, catalog: Catalog) -> None:
    """Raise `CatalogError` when a view asks for a role, feature or limit that the catalogue does not have."""
    known = {
        "role": {role.key for role in catalog.roles},
        "feature": set(catalog.features),
        "limit": set(catalog.limits),
    }
    problems = [
        f"{endpoint} requires the {kind} {name!r}, which the catalogue does not have"
        for endpoint, view in app.view_functions.items()
        for kind, name in getattr(view, "requires", [])
        if name not in known[kind]
    ]
    if problems:
        raise CatalogError(problems)


def admin_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only admins through: signed out, to login; others, 403."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        if not current_user.is_admin:
            abort(403)
        require_factor_of_admins(this_user())
        return view(*args, **kwargs)

    return guarded
