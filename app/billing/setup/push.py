"""Put the plan catalogue into Stripe; run twice, the second changes nothing.

Everything is looked at before anything is changed. What another application made stops a push, which then has changed
nothing, unless it is told to adopt it.
"""

from app.billing.catalog.plans import Plan, Price, current_catalog
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.billing.gateway.objects import id_of
from app.billing.gateway.prices import forget_prices, note_problems
from app.billing.portal import configuration as portal_configuration
from app.billing.portal.configuration import Offer
from app.billing.setup import webhook_endpoint
from app.billing.setup.push_plans import push_plan, retire_plan
from app.billing.setup.push_run import PushRun
from app.billing.setup.stored import look_up, refuse_what_is_not_ours
from app.config.settings import Settings


def push_catalogue(gateway: StripeGateway, settings: Settings, *, adopt: bool = False, is_dry: bool = False) -> PushRun:
    """Create or update products, prices, the portal configuration and the webhook endpoint. Commits.

    Raises `PushRefused`, with nothing changed, when that would change what another application made.
    """
    run = PushRun(gateway, settings, current_scope(), is_dry)
    stored = look_up(run)
    if not adopt:
        refuse_what_is_not_ours(stored)
    offers: list[Offer] = []
    for plan in current_catalog().plans:
        if plan in current_catalog().sold_plans:
            offers += _offers(plan, push_plan(run, plan, stored))
        else:
            retire_plan(run, plan, stored)
    _push_portal(run, offers)
    webhook_endpoint.push(run)
    if not is_dry:
        forget_prices()
        note_problems(run.scope, run.price_problems)
    return run


def _push_portal(run: PushRun, offers: list[Offer]) -> None:
    current = portal_configuration.find(run.gateway, run.scope)
    wanted = portal_configuration.wanted(run.settings, offers)
    if current is not None:
        # Only one that exists can be switched on again.
        wanted["active"] = True
    run.ensure("portal configuration", run.gateway.v1.billing_portal.configurations, current, wanted)


def _offers(plan: Plan, sold: dict[Price, StripeObject]) -> list[Offer]:
    """What subscribers may change to of a plan: its recurring prices, by product."""
    offers: dict[str, Offer] = {}
    for price, stored in sold.items():
        if price.is_recurring:
            product_id = str(id_of(stored["product"]))
            offer = offers.setdefault(product_id, Offer(product_id, [], has_seats=True))
            offer.price_ids.append(stored["id"])
            offer.has_seats = offer.has_seats and price.per_seat
    return list(offers.values())
