"""How often the costly and the guessable may be tried: by network address, by account, and by device."""

import hashlib
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from flask import Response, g, request
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests

from app.auth.devices import this_device
from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.models import User
from app.auth.tries import forget, give_back_when, has_room
from app.database import db
from app.extensions import limiter
from app.proxies import client_network

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[P, R]

# By network address: a household or an office behind one address must get by.
LOGIN = "20 per minute; 200 per hour"
SIGN_UP = "30 per minute; 200 per hour"
FORGOTTEN = "10 per minute; 60 per hour"
# By account, from wherever, or by the owner's device: NIST SP 800-63B-4 allows at most 100 wrong passwords in a row.
LOGIN_BY_ACCOUNT = "10 per 5 minutes; 100 per day"
SIGN_UP_BY_ACCOUNT = "10 per hour"
MAIL_BY_ADDRESS = "5 per hour; 20 per day"
CHECKS_BY_USER = "10 per 5 minutes; 100 per day"
MAIL_BY_USER = "5 per hour"
CHECKOUT_LIMIT = "20 per minute; 100 per hour"
RETURN_LIMIT = "20 per minute; 100 per hour"
# The counters that do not belong to one page.
LOGIN_SCOPE, CHECKS_SCOPE, MAIL_SCOPE = "login", "password", "mail"


def limit_login(view: View[P, Any]) -> View[P, Response]:
    """Bound the wrong passwords; a right one costs nothing, and strangers' cost the owner's devices nothing."""
    by_address = limiter.limit(LOGIN, methods=["POST"], exempt_when=is_known_device)
    by_account = limiter.shared_limit(LOGIN_BY_ACCOUNT, LOGIN_SCOPE, key_func=login_key, methods=["POST"])
    return give_back_when(_succeeded, by_address(by_account(view)))


def limit_sign_up(view: View[P, Any]) -> View[P, Response]:
    """Bound new accounts, and the asking which addresses have one."""
    by_account = limiter.limit(SIGN_UP_BY_ACCOUNT, key_func=account_key, methods=["POST"])
    return give_back_when(_never, limiter.limit(SIGN_UP, methods=["POST"])(by_account(view)))


def limit_forgotten_password(view: View[P, R]) -> View[P, R]:
    """Bound the asking for links; of the mails to one address, `may_mail` has more to say."""
    return limiter.limit(FORGOTTEN, methods=["POST"])(view)


def limit_token_use(view: View[P, R]) -> View[P, R]:
    """Bound the new passwords that are set with links."""
    return limiter.limit(FORGOTTEN, methods=["POST"])(view)


def limit_password_checks(view: View[P, Any]) -> View[P, Response]:
    """Bound the wrong passwords of someone who sits at another's open browser; all such forms count together."""
    limit = limiter.shared_limit(CHECKS_BY_USER, CHECKS_SCOPE, key_func=user_key)
    return give_back_when(_succeeded, limit(view))


def limit_guesses(scope: str, key: Callable[[], str]) -> Callable[[View[P, Any]], View[P, Response]]:
    """Bound the wrong codes of someone who is on the way to sign in; all such forms of a scope count together."""
    limit = limiter.shared_limit(CHECKS_BY_USER, scope, key_func=key)
    return lambda view: give_back_when(_succeeded, limit(view))


def limit_checkout(view: View[P, R]) -> View[P, R]:
    """Bound the sessions that are made in Stripe."""
    return limiter.limit(CHECKOUT_LIMIT, key_func=user_key, methods=["POST"])(view)


def limit_return(view: View[P, R]) -> View[P, R]:
    """Bound what a return from Checkout or the portal asks Stripe; the account page by itself asks nothing."""
    return limiter.limit(RETURN_LIMIT, key_func=user_key, methods=["GET", "HEAD"], exempt_when=_asks_nothing)(view)


def may_mail(email: str, kind: str) -> bool:
    """Count a mail of this kind to this address, and say whether it may still go out."""
    return has_room(MAIL_BY_ADDRESS, key_of(email), f"{MAIL_SCOPE}:{kind}")


def require_room_for_mail(user: User, email: str) -> None:
    """Count a link that a user has sent to an address; 429 when there were too many of theirs, or to that address."""
    if not has_room(MAIL_BY_USER, f"user:{user.id}", f"{MAIL_SCOPE}:verify") or not may_mail(email, "verify"):
        raise TooManyRequests(retry_after=3600)


def forget_tries(user: User) -> None:
    """Begin to count anew for someone who has proved by mail that the account is theirs."""
    forget(LOGIN_BY_ACCOUNT, key_of(user.email), LOGIN_SCOPE)
    forget(CHECKS_BY_USER, f"user:{user.id}", CHECKS_SCOPE)


def is_known_device() -> bool:
    """Whether the owner of the account that the form names has signed in with this browser before."""
    if "knows_account" not in g:
        g.knows_account = _knows(_typed_address())
    return bool(g.knows_account)


def login_key() -> str:
    """What a log-in counts for: the owner's device, or the account for all strangers together."""
    device = this_device()
    return f"device:{device.id}" if device and is_known_device() else account_key()


def account_key() -> str:
    """The account that a form names."""
    return key_of(_typed_address())


def key_of(email: str) -> str:
    """An account as a hash of its address: the store of limits holds no addresses."""
    return f"account:{hashlib.sha256(email.encode('utf-8', 'replace')).hexdigest()}"


def user_key() -> str:
    """The user who is signed in, or else the network address."""
    if current_user.is_authenticated:
        return f"user:{current_user.id}"
    else:
        return f"address:{client_network()}"


def _typed_address() -> str:
    typed = request.form.get("email", "")
    try:
        return normalize_address(typed)
    except InvalidAddress:
        return typed.strip().lower()


def _knows(email: str) -> bool:
    device = this_device()
    if device is None:
        return False
    owner = db.session.execute(sa.select(User.id, User.password_changed_at).where(User.email == email)).one_or_none()
    return owner is not None and device.knows(owner.id, owner.password_changed_at)


def _succeeded(response: Response) -> bool:
    return response.status_code == 303


def _never(response: Response) -> bool:
    return False


def _asks_nothing() -> bool:
    return request.endpoint == "account.index" and request.args.get("from") != "portal"
