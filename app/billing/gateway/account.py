"""Whose Stripe account this site works with: the key's own, or one connected by OAuth."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.auth.models import User
from app.billing.catalog.plans import current_catalog
from app.billing.errors import ConnectionRevoked, StripeForbidden, StripeObjectMissing
from app.billing.gateway.client import StripeGateway, get_gateway
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeAccount, StripeConnection, StripeCustomer
from app.billing.models.subscription import RecurringChange, Subscription
from app.billing.models.used import UsedCode
from app.database import allowed_to_write, db, end_transaction, insert

Scoped = StripeCustomer | Subscription | Order | Payment | RecurringChange | UsedCode


@dataclass(frozen=True)
class StripeScope:
    """The account and mode that a row belongs to, or a request to Stripe is made for.

    An account that is connected by OAuth has to be named in each request; the key's own is meant when none is named.
    """

    stripe_account: str
    livemode: bool
    is_connected: bool = False

    @property
    def name(self) -> str:
        """Account and mode in one word, such as `acct_1/test`; what a user's role is marked with."""
        return f"{self.stripe_account}/{'live' if self.livemode else 'test'}"

    def covers(self, rows: type[Scoped]) -> sa.ColumnElement[bool]:
        """The condition that picks the rows of this account and mode."""
        return sa.and_(rows.stripe_account == self.stripe_account, rows.livemode == self.livemode)

    def options(self, idempotency_key: str | None = None) -> dict[str, Any]:
        """The options of a request to Stripe: whose account it is for, and the key that makes it safe to repeat."""
        account = {"stripe_account": self.stripe_account} if self.is_connected else {}
        return account | ({"idempotency_key": idempotency_key} if idempotency_key else {})


def current_scope() -> StripeScope:
    """The account and mode in use. Commits: what comes next asks Stripe, and then no transaction may be open.

    Raises `StripeUnavailable` when the key's account is not known yet and Stripe cannot be asked for it.
    """
    gateway = get_gateway()
    connected = connected_account()
    account = connected or own_account(gateway)
    end_transaction()
    return StripeScope(account, gateway.livemode, is_connected=connected is not None)


def known_scope() -> StripeScope | None:
    """The account and mode in use if they are known already: for pages, which never wait for Stripe."""
    gateway = get_gateway()
    fingerprint = gateway.key_fingerprint
    connected = connected_account()
    account = connected or _known_accounts().get(fingerprint) or _stored_account(fingerprint)
    return StripeScope(account, gateway.livemode, is_connected=connected is not None) if account else None


def is_of_other_scope(user: User) -> bool:
    """Whether the role was decided in another Stripe account or mode than today's, as far as that is known.

    While the account of a new key is not known, Stripe has to be asked whose it is, and not again for five minutes.
    """
    if user.role == current_catalog().lowest_role.key or user.role_scope is None:
        return False
    scope = known_scope()
    if scope is None:
        return user.role_recheck_at is None
    else:
        return user.role_scope != scope.name


def connected_account() -> str | None:
    """The account connected by OAuth, where this site uses that."""
    if not current_app.extensions["settings"].stripe_connect_client_id:
        return None
    newest = (
        sa.select(StripeConnection.stripe_account)
        .where(StripeConnection.livemode == get_gateway().livemode)
        .order_by(StripeConnection.connected_at.desc())
        .limit(1)
    )
    account: str | None = db.session.scalar(newest)
    return account


def require_connection() -> None:
    """Raise `ConnectionRevoked` when the connected account took its permission back."""
    account = connected_account()
    if account is None:
        return
    state = sa.select(StripeConnection.state).where(StripeConnection.stripe_account == account)
    if db.session.scalar(state) == "revoked":
        raise ConnectionRevoked("The Stripe account has to be connected again.")


def own_account(gateway: StripeGateway) -> str:
    """The account that the secret key belongs to; asks Stripe once per key, and never again. Commits if it asks.

    Raises `StripeUnavailable` when that one question cannot be asked.
    """
    known = _known_accounts()
    fingerprint = gateway.key_fingerprint
    if fingerprint not in known:
        known[fingerprint] = _stored_account(fingerprint) or _ask_account(gateway)
    return known[fingerprint]


def _known_accounts() -> dict[str, str]:
    known: dict[str, str] = current_app.extensions.setdefault("stripe_accounts", {})
    return known


def _stored_account(fingerprint: str) -> str | None:
    """The account that this key was found to belong to, in whichever process; kept in memory from then on."""
    row = db.session.get(StripeAccount, fingerprint)
    if row is None:
        return None
    return _known_accounts().setdefault(fingerprint, row.stripe_account)


def _ask_account(gateway: StripeGateway) -> str:
    """Ask Stripe and remember the answer. Commits before and after."""
    account = _account_of_known_customers(gateway) or _account_of_key(gateway)
    row = {"key_fingerprint": gateway.key_fingerprint, "stripe_account": account}
    with allowed_to_write():
        db.session.execute(insert(StripeAccount).values(**row).on_conflict_do_nothing())
        db.session.commit()
    return account


def _account_of_known_customers(gateway: StripeGateway) -> str | None:
    """The account, by the name that it had with an earlier key, when its customers are there for this key too.

    So a key can be rolled, or replaced by one that may do less or more, and nobody is stranded.
    """
    one_of_each = (
        sa.select(StripeCustomer.stripe_account, sa.func.min(StripeCustomer.stripe_customer_id))
        .where(StripeCustomer.livemode == gateway.livemode)
        .group_by(StripeCustomer.stripe_account)
        .order_by(sa.func.min(StripeCustomer.created_at))
    )
    known = db.session.execute(one_of_each).all()
    db.session.commit()
    for account, customer in known:
        try:
            with gateway.errors(may_be_forbidden=True):
                gateway.v1.customers.retrieve(customer, {}, {})
        except (StripeObjectMissing, StripeForbidden):
            continue
        return str(account)
    return None


def _account_of_key(gateway: StripeGateway) -> str:
    try:
        with gateway.errors(may_be_forbidden=True):
            return str(gateway.v1.accounts.retrieve_current().id)
    except StripeForbidden:
        # Stripe lets no restricted key read its account; then the key itself is the account's name.
        return f"key_{gateway.key_fingerprint}"
