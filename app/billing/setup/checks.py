"""The pre-launch checks: what has to be right before people pay."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.billing.catalog.plans import current_catalog
from app.billing.errors import BillingError, StripeForbidden, StripeRefused
from app.billing.gateway.account import StripeScope, current_scope, known_scope
from app.billing.gateway.client import StripeGateway, api_version
from app.billing.gateway.connection import ConnectionState, ask_state
from app.billing.gateway.prices import price_id
from app.billing.portal import configuration as portal_configuration
from app.billing.setup import webhook_endpoint
from app.billing.setup.prices import check_prices, subscriptions_at_unknown_prices
from app.billing.setup.removed import removed_in_use
from app.billing.setup.webhook_endpoint import LOOKED_BACK, undelivered_events
from app.billing.webhooks import log as event_log
from app.billing.webhooks.refusals import refusals
from app.config.settings import Settings


class Mark(StrEnum):
    """What came of a check. `LATER` is fine in development, and a failure in production."""

    OK = "ok"
    FAIL = "FAIL"
    LATER = "later"


@dataclass(frozen=True)
class Check:
    """One line of the list."""

    mark: Mark
    name: str
    detail: str = ""


Checks = Iterator[Check]
DELIVERIES = "Stripe could deliver its events"
MANAGED = "the account's Managed Payments are as the setting says"
# What Stripe's refusals call it, where the account has it on and cannot use it.
BY_NAME = "managed payments"


def stripe_checks(gateway: StripeGateway, settings: Settings) -> Checks:
    """Everything that is in Stripe; one failing question does not keep the others from being asked."""
    yield from _asked("Stripe accepts the key", lambda: _connection(gateway))
    yield from _asked("the account can take payments", lambda: _account(gateway, settings))
    yield _mode(settings)
    yield from _asked("prices", lambda: _prices(gateway, settings))
    yield from _asked("customer portal", lambda: _portal(gateway))
    yield from _asked("webhook endpoint", lambda: _endpoint(gateway, settings))
    yield from _asked(DELIVERIES, lambda: _deliveries(gateway))
    # After the deliveries: what it asks with makes an event.
    yield from _asked(MANAGED, lambda: _managed_payments(gateway, settings))
    yield passes_if(settings, bool(settings.webhook_secrets), "webhook secret", "STRIPE_WEBHOOK_SECRET is empty")


def record_checks() -> Checks:
    """What our own records tell of how billing goes."""
    last = event_log.last_event()
    if last is None:
        yield Check(Mark.LATER, "an event has arrived", "none yet; try `stripe trigger customer.created`")
    else:
        yield Check(Mark.OK, "an event has arrived", f"{last.type}, {last.received_at:%Y-%m-%d %H:%M} UTC")
    refused = " ".join(alert.message for alert in refusals())
    yield _fails_if(bool(refused), "webhooks are accepted", refused)
    failed = event_log.count_failed()
    yield _fails_if(failed > 0, "no failed events", f"{failed} failed: see `flask billing events --failed`")
    scope = known_scope()
    unknown = subscriptions_at_unknown_prices(scope) if scope else []
    yield _fails_if(bool(unknown), "every subscription's price is of a plan", ", ".join(unknown[:5]))
    removed = removed_in_use(scope) if scope else []
    yield _fails_if(bool(removed), "what was bought is in the catalogue", "; ".join(removed))


def passes_if(settings: Settings, is_right: bool, name: str, otherwise: str) -> Check:
    """A check that only production must pass."""
    if is_right:
        return Check(Mark.OK, name)
    else:
        return Check(Mark.FAIL if settings.is_production else Mark.LATER, name, otherwise)


def _fails_if(is_wrong: bool, name: str, detail: str) -> Check:
    return Check(Mark.FAIL, name, detail) if is_wrong else Check(Mark.OK, name)


def _asked(name: str, checks: Callable[[], Checks]) -> Checks:
    try:
        yield from checks()
    except BillingError as error:
        yield Check(Mark.FAIL, name, str(error))


def _connection(gateway: StripeGateway) -> Checks:
    state = ask_state(gateway)
    yield _fails_if(state != ConnectionState.CONNECTED, "Stripe accepts the key", state.value)


def _account(gateway: StripeGateway, settings: Settings) -> Checks:
    name = "the account can take payments"
    try:
        with gateway.errors(may_be_forbidden=True):
            account = gateway.v1.accounts.retrieve_current(options=current_scope().options())
    except StripeForbidden:
        yield Check(Mark.LATER, name, "this restricted key may not read it; look at Stripe's dashboard")
    else:
        yield passes_if(
            settings, bool(account.charges_enabled), name, "Stripe still asks for something in its dashboard"
        )


def _mode(settings: Settings) -> Check:
    return passes_if(settings, settings.livemode, "live keys", "test mode: no money moves")


def _prices(gateway: StripeGateway, settings: Settings) -> Checks:
    for lookup_key, problem in check_prices(gateway, settings, current_scope()).items():
        yield _fails_if(problem is not None, f"price {lookup_key}", problem or "")


def _managed_payments(gateway: StripeGateway, settings: Settings) -> Checks:
    is_on = is_on_by_default(gateway, current_scope(), settings.site_url)
    if is_on is None or is_on == settings.stripe_managed_payments:
        yield Check(Mark.OK, MANAGED)
    else:
        detail = f"they are {'on' if is_on else 'off'} by default; our sessions say otherwise, a Payment Link cannot"
        yield Check(Mark.FAIL if settings.stripe_payment_links else Mark.LATER, MANAGED, detail)


def _portal(gateway: StripeGateway) -> Checks:
    found = portal_configuration.find(gateway, current_scope())
    if found is None:
        yield Check(Mark.FAIL, "customer portal", "not configured; run `flask billing push`")
    else:
        has_plans = any(price.is_recurring for price in current_catalog().sold_prices)
        offers_plans = found["features"]["subscription_update"]["enabled"] or not has_plans
        yield _fails_if(
            not (found["active"] and offers_plans), "customer portal", "switched off; run `flask billing push`"
        )


def _endpoint(gateway: StripeGateway, settings: Settings) -> Checks:
    name = "webhook endpoint"
    if not webhook_endpoint.can_be_reached(settings):
        yield passes_if(settings, False, name, "Stripe cannot reach this address; forward with `stripe listen`")
        return
    found = webhook_endpoint.find_all(gateway, settings)
    if not found:
        yield Check(Mark.FAIL, name, f"none at {webhook_endpoint.url(settings)}; run `flask billing push`")
    elif len(found) > 1:
        yield Check(Mark.FAIL, name, f"{len(found)} at one address; run `flask billing push`")
    else:
        problem = webhook_endpoint.problem_with(found[0])
        yield _fails_if(problem is not None, name, problem or api_version())


def _deliveries(gateway: StripeGateway) -> Checks:
    missing = undelivered_events(gateway, current_scope())
    detail = f"{len(missing)} of the last {LOOKED_BACK.days} days did not arrive ({', '.join(missing[:3])})"
    yield _fails_if(bool(missing), DELIVERIES, detail)


def is_on_by_default(gateway: StripeGateway, scope: StripeScope, site_url: str) -> bool | None:
    """Whether the account uses Managed Payments where nothing is said; None where nothing is sold. Commits.

    A session that says nothing is made for nobody, looked at, and expired.
    """
    price = next(iter(current_catalog().sold_prices), None)
    if price is None:
        return None
    items = [{"price": price_id(price, scope), "quantity": 1}]
    params = {"mode": "subscription" if price.is_recurring else "payment", "line_items": items, "success_url": site_url}
    try:
        with gateway.errors():
            session = gateway.v1.checkout.sessions.create(params, scope.options())
            gateway.v1.checkout.sessions.expire(session.id, {}, scope.options())
    except StripeRefused as refusal:
        if BY_NAME in str(refusal).lower():
            return True
        raise
    return bool(session.managed_payments and session.managed_payments.enabled)
