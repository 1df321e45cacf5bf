"""Of whom the settings ask a second factor, and where they are led until they have one."""

from flask import current_app, redirect, request, url_for
from werkzeug import Response

from app.auth.factors.removal import has_factor, needs_factor
from app.auth.models import User
from app.database import db

# What strangers see as well, and the way to a first factor; all else waits for it.
OPEN_BLUEPRINTS = frozenset(
    {"auth", "factors", "legal", "health", "well_known", "webhook", "metrics", "languages", "dev"}
)
OPEN_ENDPOINTS = frozenset({None, "static", "pricing.landing", "pricing.index", "account.confirm"})


class FactorRequired(Exception):
    """Somebody without the second factor that the settings ask of them; answered with the way to add one."""


def require_factor_of_admins(user: User) -> None:
    """Raise `FactorRequired` for an admin who has to have a factor and has none."""
    if needs_factor(user) and not has_factor(user.id):
        raise FactorRequired


def require_factor_of_everybody(user: User) -> None:
    """Raise `FactorRequired` where everybody has to have a factor, this reader has none, and the page is not open.

    An admin who only sees the site as this user has shown their own.
    """
    if _is_asked_of_everybody() and user.viewed_by is None and not _is_open() and not has_factor(user.id):
        raise FactorRequired


def ask_for_missing_factor(user_id: object, destination: dict[str, str]) -> Response | None:
    """Where somebody goes who has just signed in and has to add a factor first; None for who may go on."""
    if not _is_asked_of_everybody() or has_factor(db.session.get_one(User, user_id).id):
        return None
    return redirect(url_for("factors.first_factor", **destination), 303)  # type: ignore[arg-type]


def _is_asked_of_everybody() -> bool:
    return bool(current_app.extensions["settings"].second_factor_for == "everybody")


def _is_open() -> bool:
    return request.endpoint in OPEN_ENDPOINTS or request.blueprint in OPEN_BLUEPRINTS
