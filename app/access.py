"""Who may see what: `@role_required` and `@admin_required`."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, abort
from flask_login import current_user

from app.billing.catalog.plans import Role, current_catalog
from app.extensions import login_manager

P = ParamSpec("P")
R = TypeVar("R")


class RoleRequired(Exception):
    """A signed-in reader whose role is too low; answered 403 with the way to upgrade."""

    def __init__(self, role: Role) -> None:
        self.role = role
        super().__init__(f"{role} is required")


def init_access(app: Flask) -> None:
    """Say where signed-out readers are sent."""
    login_manager.login_view = "auth.login"
    login_manager.login_message = "Log in to go on."
    login_manager.login_message_category = "info"


def role_required(role: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only readers through whose role is at least `role`: signed out, to login; too low, 403 with the upgrade."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_user.is_authenticated:
                return login_manager.unauthorized()
            if not current_user.has_role(role):
                raise RoleRequired(current_catalog().role(role))
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
