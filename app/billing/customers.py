"""Users and their Stripe customers: one each, in every account and mode."""

import hashlib
import logging
import uuid
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.asking import ask, expect_no_change
from app.billing.errors import BillingError, StripeObjectMissing, StripeRefused, StripeUnavailable
from app.billing.gateway.account import StripeScope, known_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.objects import NO_METADATA, CustomerObject, Metadata
from app.billing.gateway.read import retrieve
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.database import db, insert

logger = logging.getLogger(__name__)
# The languages of Stripe's own pages: https://docs.stripe.com/js/appendix/supported_locales
PAGES = frozenset([
    "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr",
    "vi", "zh", "zh-HK", "zh-TW",
])  # fmt: skip


def ensure_customer(user: User, scope: StripeScope) -> str:
    """The id of this user's Stripe customer, made on the first call. Commits.

    Two calls at once make one: the idempotency key is the user's.
    """
    user_id, params, customer = user.id, _params(user), customer_of(user.id, scope)
    db.session.commit()
    if customer is None:
        created = _create_customer(user_id, params, scope)
        link_customer(user_id, created, scope)
        customer = customer_of(user_id, scope) or created
        db.session.commit()
    return customer


def replace_customer(user: User, scope: StripeScope, gone: str) -> str:
    """Make a new customer for a user whose customer Stripe no longer has. Commits."""
    db.session.execute(sa.delete(StripeCustomer).where(StripeCustomer.stripe_customer_id == gone))
    user_id, params = user.id, _params(user)
    db.session.commit()
    created = _create_customer(user_id, params, scope, instead_of=gone)
    link_customer(user_id, created, scope)
    db.session.commit()
    return created


def customer_of(user_id: uuid.UUID, scope: StripeScope) -> str | None:
    """The id of the user's customer in this account and mode, or None."""
    query = sa.select(StripeCustomer.stripe_customer_id).where(
        StripeCustomer.user_id == user_id, scope.covers(StripeCustomer)
    )
    found: str | None = db.session.scalar(query)
    return found


def update_customer_email(user: User) -> None:
    """Have Stripe write to the user's present address; that Stripe cannot be told is only logged. Commits."""
    _update_customer(user, {"email": user.email})


def update_customer_language(user: User) -> None:
    """Have Stripe write to the user in their language; that Stripe cannot be told is only logged. Commits."""
    _update_customer(user, {"preferred_locales": [user.language] if user.language else []})


def locale_of(language: str | None) -> dict[str, str]:
    """What to say to a page of Stripe's; nothing where nobody has chosen, or Stripe cannot: it asks the browser."""
    return {"locale": language} if language and language in PAGES else {}


def _update_customer(user: User, values: dict[str, Any]) -> None:
    scope = known_scope()
    customer = customer_of(user.id, scope) if scope else None
    if scope is None or customer is None:
        return
    gateway = get_gateway()
    db.session.commit()
    try:
        with gateway.errors():
            gateway.v1.customers.update(customer, values, scope.options())
    except BillingError as error:
        logger.warning("Stripe was not told the new %s of %s: %s", " and ".join(values), customer, error)


def link_customer(user_id: uuid.UUID, stripe_customer_id: str, scope: StripeScope) -> None:
    """Remember whose customer this is; the first one that a user has in an account and mode stays."""
    row = {
        "stripe_customer_id": stripe_customer_id,
        "user_id": user_id,
        "stripe_account": scope.stripe_account,
        "livemode": scope.livemode,
    }
    db.session.execute(insert(StripeCustomer).values(**row).on_conflict_do_nothing())


def link_customer_of(user_id: uuid.UUID, stripe_customer_id: str, scope: StripeScope) -> None:
    """Remember whose customer an object of this user's has, unless it is or names somebody else.

    Inside `ask_then_lock`: asks Stripe about a customer that is not known yet.
    """
    known = sa.exists().where(StripeCustomer.stripe_customer_id == stripe_customer_id)
    if not db.session.scalar(sa.select(known)) and _may_be_customer_of(user_id, stripe_customer_id, scope):
        link_customer(user_id, stripe_customer_id, scope)


def unlink_customer(stripe_customer_id: str, scope: StripeScope) -> tuple[User | None, list[Subscription]]:
    """Forget a customer; return whose it was, locked before anything else, and the live subscriptions that end."""
    of_customer = Subscription.stripe_customer_id == stripe_customer_id
    user_id = owner_of(stripe_customer_id, NO_METADATA, scope)
    user = lock_user(user_id) if user_id else None
    gone = sa.delete(StripeCustomer).where(StripeCustomer.stripe_customer_id == stripe_customer_id)
    db.session.execute(gone)
    rows = db.session.scalars(sa.select(Subscription).where(of_customer))
    return user, [row for row in rows if not row.has_ended]


def owner_of(customer: str | None, metadata: Metadata, scope: StripeScope) -> uuid.UUID | None:
    """Whose object this is: by its customer, else by the `userId` that only our server writes into metadata.

    A customer that was deleted since is known by what was bought with it. Never by e-mail address: anyone can type one
    into Checkout.
    """
    by_customer = sa.select(StripeCustomer.user_id).where(
        StripeCustomer.stripe_customer_id == customer, scope.covers(StripeCustomer)
    )
    owner: uuid.UUID | None = db.session.scalar(by_customer)
    return owner or _former_owner(customer, scope) or _named(metadata, customer, scope)


def _named(metadata: Metadata, customer: str | None, scope: StripeScope) -> uuid.UUID | None:
    """The user that metadata names, unless the object's customer is somebody else."""
    found: uuid.UUID | None = None
    if metadata.user_id:
        found = db.session.scalar(sa.select(User.id).where(User.id == metadata.user_id))
    return found if found and (customer is None or _may_be_customer_of(found, customer, scope)) else None


def _may_be_customer_of(user_id: uuid.UUID, customer: str, scope: StripeScope) -> bool:
    """Whether a customer that we do not know yet names this user, or nobody. Inside `ask_then_lock`."""
    try:
        named = ask(retrieve, CustomerObject, customer, scope).metadata.user_id
    except StripeObjectMissing:
        return True
    if named not in (None, user_id):
        logger.error("Customer %s names user %s and is not linked to %s.", customer, named, user_id)
    return named in (None, user_id)


def _former_owner(stripe_customer_id: str | None, scope: StripeScope) -> uuid.UUID | None:
    if stripe_customer_id is None:
        return None
    bought = [
        sa.select(rows.user_id).where(
            rows.stripe_customer_id == stripe_customer_id, scope.covers(rows), rows.user_id.is_not(None)
        )
        for rows in (Order, Subscription)
    ]
    owner: uuid.UUID | None = db.session.scalar(sa.union(*bought).limit(1))
    return owner


def owner_is_gone(customer: str | None, scope: StripeScope) -> bool:
    """Whether this customer had subscriptions, which are locked then, and an account that is deleted."""
    query = sa.select(Subscription).where(
        Subscription.stripe_customer_id == customer, Subscription.user_id.is_(None), scope.covers(Subscription)
    )
    return bool(db.session.scalars(query.with_for_update()).all())


def _params(user: User) -> dict[str, Any]:
    spoken = {"preferred_locales": [user.language]} if user.language else {}
    return {"email": user.email, "metadata": {"userId": str(user.id)}, **spoken}


def _create_customer(user_id: uuid.UUID, params: dict[str, Any], scope: StripeScope, instead_of: str = "") -> str:
    gateway = get_gateway()
    key = f"customer-{user_id}-{instead_of}" if instead_of else f"customer-{user_id}"
    try:
        with gateway.errors():
            return str(gateway.v1.customers.create(params, scope.options(key)).id)
    except StripeRefused as error:
        if error.param != "idempotency_key":
            raise
    # The key was used while the user had another address or language.
    with gateway.errors():
        return str(gateway.v1.customers.create(params, scope.options(f"{key}-{_digest(params)}")).id)


def _digest(params: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(params.items())).encode()).hexdigest()[:16]


def customer_is_gone(stripe_customer_id: str, scope: StripeScope) -> bool:
    """Whether Stripe has deleted this customer, or never had it under this key."""
    try:
        return retrieve(CustomerObject, stripe_customer_id, scope).deleted
    except StripeObjectMissing:
        return True
    except StripeRefused as error:
        raise StripeUnavailable("Stripe does not say whether the customer exists.") from error


def lock_user(user_id: uuid.UUID) -> User | None:
    """The user, fresh, with the row locked until the transaction ends; None when the account is gone.

    The lock is counted, so that whoever reads without one (`fast_path`, `asking`) learns that somebody came between.
    """
    count = sa.update(User).where(User.id == user_id).values(billing_version=User.billing_version + 1)
    query = count.returning(User).execution_options(populate_existing=True, synchronize_session=False)
    user: User | None = db.session.scalars(query).one_or_none()
    if user:
        expect_no_change(user.id, user.billing_version)
    return user
