"""Who asks, and who may see what: `load_reader`, `@role_required` and `@admin_required`."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, abort, request
from flask_login import current_user

from app.auth.sessions import this_user
from app.billing.catalog.plans import Role
from app.billing.reconcile.expired_roles import is_due, recheck_role
from app.database import allowed_to_write
from app.extensions import login_manager

P = ParamSpec("P")
R = TypeVar("R")


class RoleRequired(Exception):
    """A signed-in reader whose role is too low; answered 403 with the way to upgrade."""

    def __init__(self, role: Role) -> None:
        self.role = role
        super().__init__(f"{role} is required")


def init_access(app: Flask) -> None:
    """Say where signed-out readers are sent, and have the reader of each page loaded before its view."""
    login_manager.login_view = "auth.login"
    login_manager.login_message = "Log in to go on."
    login_manager.login_message_category = "info"
    app.before_request(load_reader)


def load_reader() -> None:
    """Load who asks, before the view and its template do, and look once at a paid role past its end.

    That is the only place where reading a page may ask Stripe about a role; from here on a role is a column.
    """
    if "HTTP_COOKIE" in request.environ and request.endpoint != "static" and current_user.is_authenticated:
        user = this_user()
        if is_due(user):
            with allowed_to_write():
                recheck_role(user)


def role_required(role: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only readers through whose role is at least `role`: signed out, to login; too low, 403 with the upgrade."""
    required = Role(role)

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_user.is_authenticated:
                return login_manager.unauthorized()
            if not current_user.has_role(required):
                raise RoleRequired(required)
            return view(*args, **kwargs)

        return guarded

    return decorate


def admin_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only admins through: signed out, to login; others, 403."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        if not current_user.is_admin:
            abort(403)
        return view(*args, **kwargs)

    return guarded
