"""How often the costly and the guessable may be tried: by network address, and by account."""

import hashlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Response, request
from flask_login import current_user

from app.auth.email_addresses import InvalidAddress, normalize_address
from app.extensions import limiter
from app.proxies import client_network

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[P, R]

# By network address: a household or an office behind one address must get by.
LOGIN = "20 per minute; 200 per hour"
SIGN_UP = "30 per minute; 200 per hour"
FORGOTTEN = "10 per minute; 60 per hour"
# By account, from wherever: NIST SP 800-63B-4 allows at most 100 wrong passwords in a row.
LOGIN_BY_ACCOUNT = "10 per 5 minutes; 100 per day"
SIGN_UP_BY_ACCOUNT = "10 per hour"
MAIL_BY_ACCOUNT = "5 per hour"
CHECKS_BY_USER = "10 per 5 minutes; 100 per day"
MAIL_BY_USER = "5 per hour"
CHECKOUT_LIMIT = "20 per minute; 100 per hour"
RETURN_LIMIT = "20 per minute; 100 per hour"


def limit_login(view: View[P, R]) -> View[P, R]:
    """Bound the wrong passwords; a right one costs nothing."""
    by_address = limiter.limit(LOGIN, methods=["POST"], deduct_when=_has_failed)
    by_account = limiter.limit(LOGIN_BY_ACCOUNT, key_func=account_key, methods=["POST"], deduct_when=_has_failed)
    return by_address(by_account(view))


def limit_sign_up(view: View[P, R]) -> View[P, R]:
    """Bound new accounts, and the asking which addresses have one."""
    by_account = limiter.limit(SIGN_UP_BY_ACCOUNT, key_func=account_key, methods=["POST"])
    return limiter.limit(SIGN_UP, methods=["POST"])(by_account(view))


def limit_forgotten_password(view: View[P, R]) -> View[P, R]:
    """Bound the mails that strangers can have sent to somebody."""
    by_account = limiter.limit(MAIL_BY_ACCOUNT, key_func=account_key, methods=["POST"])
    return limiter.limit(FORGOTTEN, methods=["POST"])(by_account(view))


def limit_token_use(view: View[P, R]) -> View[P, R]:
    """Bound the new passwords that are set with links."""
    return limiter.limit(FORGOTTEN, methods=["POST"])(view)


def limit_password_checks(view: View[P, R]) -> View[P, R]:
    """Bound the wrong passwords of someone who sits at another's open browser; all such forms count together."""
    limit = limiter.shared_limit(CHECKS_BY_USER, "password", key_func=user_key, deduct_when=_has_failed)
    return limit(view)


def limit_mail(view: View[P, R]) -> View[P, R]:
    """Bound the mails that a user can have sent."""
    return limiter.limit(MAIL_BY_USER, key_func=user_key, methods=["POST"])(view)


def limit_checkout(view: View[P, R]) -> View[P, R]:
    """Bound the sessions that are made in Stripe."""
    return limiter.limit(CHECKOUT_LIMIT, key_func=user_key, methods=["POST"])(view)


def limit_return(view: View[P, R]) -> View[P, R]:
    """Bound what a return from Checkout or the portal asks Stripe; the account page by itself asks nothing."""
    return limiter.limit(RETURN_LIMIT, key_func=user_key, methods=["GET", "HEAD"], exempt_when=_asks_nothing)(view)


def account_key() -> str:
    """The account that a form names, as a hash: the store of limits holds no addresses."""
    typed = request.form.get("email", "")
    try:
        typed = normalize_address(typed)
    except InvalidAddress:
        typed = typed.strip().lower()
    return f"account:{hashlib.sha256(typed.encode('utf-8', 'replace')).hexdigest()}"


def user_key() -> str:
    """The user who is signed in, or else the network address."""
    if current_user.is_authenticated:
        return f"user:{current_user.id}"
    else:
        return f"address:{client_network()}"


def _has_failed(response: Response) -> bool:
    return response.status_code != 303


def _asks_nothing() -> bool:
    return request.endpoint == "account.index" and request.args.get("from") != "portal"
