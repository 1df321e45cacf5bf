"""The customer portal, one promise at a time."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from stripe_emulator import Emulator
from tests.hosted.conftest import CARD, Page, Shop, Visitor


def open_portal(shop: Shop, customer: stripe.Customer, **params: Any) -> str:
    """Return the path of a portal session that allows everything."""
    configuration = params.pop("configuration", None) or shop.configuration()
    return urlsplit(shop.portal(customer.id, configuration=configuration, **params)).path


def reload(shop: Shop, subscription: stripe.Subscription) -> stripe.Subscription:
    return shop.client.v1.subscriptions.retrieve(subscription.id)


def test_plan_is_told_as_one_sentence(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber("pro_month")

    page = visitor.get(open_portal(shop, customer))

    assert "You are on Pro, $29.00 per month. It renews on" in page.text
    for name in ("Update plan", "Cancel plan", "Add payment method", "Back"):
        assert f">{name}</a>" in page.text
    assert "Visa ending in 4242" in page.text


def test_cancel_on_a_flexible_subscription_sets_cancel_at_alone(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber(billing_mode={"type": "flexible"})
    path = f"{open_portal(shop, customer)}/subscriptions/{subscription.id}/cancel"

    page = visitor.get(path)
    answer = visitor.post(path, {"feedback": "too_expensive", "comment": "Sorry"})

    canceled = reload(shop, subscription)
    details = canceled.cancellation_details
    assert "It's too expensive" in page.text
    assert answer.status == 303
    assert canceled.cancel_at == canceled.items.data[0].current_period_end
    assert not canceled.cancel_at_period_end
    assert details is not None
    assert (details.feedback, details.comment) == ("too_expensive", "Sorry")


def test_cancel_on_a_classic_subscription_sets_the_flag(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber(billing_mode={"type": "classic"})

    visitor.post(f"{open_portal(shop, customer)}/subscriptions/{subscription.id}/cancel", {})

    assert reload(shop, subscription).cancel_at_period_end


@pytest.mark.parametrize("mode", ["flexible", "classic"])
def test_renew_takes_the_cancellation_back(shop: Shop, visitor: Visitor, mode: str) -> None:
    customer, subscription = shop.subscriber(billing_mode={"type": mode})
    path = open_portal(shop, customer)
    visitor.post(f"{path}/subscriptions/{subscription.id}/cancel", {})

    home = visitor.get(path)
    visitor.post(f"{path}/subscriptions/{subscription.id}/renew", {})

    kept = reload(shop, subscription)
    assert "stays on until" in home.text
    assert ">Renew plan</button>" in home.text
    assert (kept.cancel_at, kept.cancel_at_period_end) == (None, False)


def test_cancel_at_once_where_the_configuration_says_so(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber()
    configuration = shop.configuration(subscription_cancel={"enabled": True, "mode": "immediately"})
    path = open_portal(shop, customer, configuration=configuration)

    visitor.post(f"{path}/subscriptions/{subscription.id}/cancel", {})

    assert reload(shop, subscription).status == "canceled"


def test_change_of_plan_shows_its_proration_before_it_is_confirmed(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    path = f"{open_portal(shop, customer)}/subscriptions/{subscription.id}/update"

    offered = visitor.get(path)
    shown = visitor.get(f"{path}/confirm?price={shop.prices['pro_month']}")
    before = reload(shop, subscription)
    answer = visitor.post(f"{path}/confirm", {"price": shop.prices["pro_month"]})

    after = reload(shop, subscription)
    invoice = shop.client.v1.invoices.retrieve(str(after.latest_invoice))
    assert "Your plan" in offered.text
    assert "Amount due today" in shown.text
    assert "$20.00" in shown.text
    assert before.items.data[0].price.id == shop.prices["basic_month"]
    assert answer.status == 303
    assert after.items.data[0].price.id == shop.prices["pro_month"]
    assert (invoice.status, invoice.total) == ("paid", 2000)


def test_declined_change_leaves_the_plan_as_it_was(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    shop.fail_next_charges(customer.id)
    path = f"{open_portal(shop, customer)}/subscriptions/{subscription.id}/update/confirm"

    page = visitor.post(path, {"price": shop.prices["pro_month"]})

    assert page.status == 402
    assert "Your card was declined." in page.text
    assert reload(shop, subscription).items.data[0].price.id == shop.prices["basic_month"]


@pytest.mark.parametrize(
    ("outcome", "plan", "words"),
    [("complete", "pro_month", "Your plan is changed."), ("fail", "basic_month", "your plan is as it was")],
)
def test_change_that_asks_for_three_d_secure_waits_for_it(
    shop: Shop, visitor: Visitor, outcome: str, plan: str, words: str
) -> None:
    customer, subscription = shop.subscriber("basic_month")
    shop.use_card(customer.id, "pm_card_authenticationRequired")
    path = f"{open_portal(shop, customer)}/subscriptions/{subscription.id}/update/confirm"

    challenge = visitor.post(path, {"price": shop.prices["pro_month"]}).location
    waiting = reload(shop, subscription)
    back = visitor.post(urlsplit(challenge).path, {"outcome": outcome}).location
    home = visitor.get(visitor.get(back).location)

    after = reload(shop, subscription)
    assert waiting.items.data[0].price.id == shop.prices["basic_month"]
    assert after.items.data[0].price.id == shop.prices[plan]
    assert after.pending_update is None
    assert (after.status, words in home.text) == ("active", True)
    assert "is unpaid" not in home.text


def test_price_that_is_not_offered_is_refused(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    secret = shop.client.v1.prices.create(
        {"product": shop.pro.id, "unit_amount": 1, "currency": "usd", "recurring": {"interval": "month"}}
    )

    page = visitor.post(
        f"{open_portal(shop, customer)}/subscriptions/{subscription.id}/update/confirm", {"price": secret.id}
    )

    assert page.status == 400
    assert reload(shop, subscription).items.data[0].price.id == shop.prices["basic_month"]


@pytest.fixture
def downgraded(shop: Shop, visitor: Visitor) -> tuple[str, stripe.Subscription]:
    """Return the portal of a Pro subscriber who changes to Basic when the period ends."""
    customer, subscription = shop.subscriber("pro_month")
    offered = [{"product": shop.basic.id, "prices": [shop.prices["basic_month"]]}]
    configuration = shop.configuration(
        subscription_update={
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": offered,
            "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
        }
    )
    path = open_portal(shop, customer, configuration=configuration)
    confirm = f"{path}/subscriptions/{subscription.id}/update/confirm"
    assert "The change takes effect on" in visitor.get(f"{confirm}?price={shop.prices['basic_month']}").text
    visitor.post(confirm, {"price": shop.prices["basic_month"]})
    return path, subscription


def test_downgrade_waits_for_the_period_where_the_configuration_says_so(
    shop: Shop, visitor: Visitor, downgraded: tuple[str, stripe.Subscription]
) -> None:
    path, subscription = downgraded

    home = visitor.get(path)

    scheduled = reload(shop, subscription)
    assert "Your plan changes on" in home.text
    assert scheduled.schedule is not None
    assert scheduled.items.data[0].price.id == shop.prices["pro_month"]


def test_scheduled_change_can_be_taken_back(
    shop: Shop, visitor: Visitor, downgraded: tuple[str, stripe.Subscription]
) -> None:
    path, subscription = downgraded

    visitor.post(f"{path}/subscriptions/{subscription.id}/keep", {})

    assert reload(shop, subscription).schedule is None
    assert "Your plan changes on" not in visitor.get(path).text


def test_canceling_wins_over_a_scheduled_change(
    shop: Shop, visitor: Visitor, downgraded: tuple[str, stripe.Subscription]
) -> None:
    path, subscription = downgraded

    visitor.post(f"{path}/subscriptions/{subscription.id}/cancel", {})

    canceled = reload(shop, subscription)
    assert canceled.schedule is None
    assert canceled.cancel_at is not None


def test_new_card_is_used_from_now_on(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber()
    path = open_portal(shop, customer)

    answer = visitor.post(f"{path}/payment-methods/add", {**CARD, "card_number": "5555 5555 5555 4444"})

    saved = shop.client.v1.customers.retrieve(customer.id)
    assert saved.invoice_settings is not None
    method = shop.client.v1.payment_methods.retrieve(str(saved.invoice_settings.default_payment_method))
    assert answer.status == 303
    assert method.card is not None
    assert method.card.last4 == "4444"
    assert reload(shop, subscription).default_payment_method in (None, method.id)


def test_declined_card_is_not_saved(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber()
    path = open_portal(shop, customer)

    page = visitor.post(f"{path}/payment-methods/add", {**CARD, "card_number": "4000 0000 0000 0002"})

    assert page.status == 402
    assert "Your card was declined." in page.text
    assert len(shop.client.v1.customers.payment_methods.list(customer.id).data) == 1


def test_card_that_asks_for_three_d_secure_is_saved_after_it(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber()
    path = open_portal(shop, customer)

    challenge = visitor.post(f"{path}/payment-methods/add", {**CARD, "card_number": "4000 0025 0000 3155"})
    back = visitor.post(urlsplit(challenge.location).path, {"outcome": "complete"})
    home = visitor.get(visitor.get(back.location).location)

    assert "/3ds/seti_" in challenge.location
    assert "Visa ending in 3155" in home.text
    assert "Your payment method is saved" in home.text


def test_a_new_card_settles_what_was_unpaid(shop: Shop, visitor: Visitor) -> None:
    clocks = shop.client.v1.test_helpers.test_clocks
    clock = clocks.create({"frozen_time": 1_800_000_000})
    customer, subscription = shop.subscriber(clock=clock.id)
    shop.fail_next_charges(customer.id)
    clocks.advance(clock.id, {"frozen_time": 1_800_000_000 + 32 * 86400})
    past_due = reload(shop, subscription).status

    visitor.post(f"{open_portal(shop, customer)}/payment-methods/add", CARD)

    assert past_due == "past_due"
    assert reload(shop, subscription).status == "active"


def test_a_method_can_be_made_default_and_another_removed(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber()
    other = shop.client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    path = open_portal(shop, customer)
    first = shop.client.v1.customers.retrieve(customer.id).invoice_settings

    visitor.post(f"{path}/payment-methods/{other.id}/default", {})
    assert first is not None
    visitor.post(f"{path}/payment-methods/{first.default_payment_method}/remove", {})

    left = shop.client.v1.customers.payment_methods.list(customer.id).data
    assert [method.id for method in left] == [other.id]


def test_a_removed_card_that_asks_for_three_d_secure_is_gone(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber()
    asks = shop.client.v1.payment_methods.attach("pm_card_threeDSecure2Required", {"customer": customer.id})
    path = open_portal(shop, customer)

    visitor.post(f"{path}/payment-methods/{asks.id}/remove", {})

    assert asks.id not in [one.id for one in shop.client.v1.customers.payment_methods.list(customer.id).data]
    assert asks.id not in visitor.get(path).text


def test_billing_details_are_saved(shop: Shop, visitor: Visitor) -> None:
    customer = shop.customer()
    path = f"{open_portal(shop, customer)}/details"

    refused = visitor.post(path, {"email": "nonsense"})
    visitor.post(path, {"name": "Alice & Co", "email": "new@example.com", "line1": "1 Lane", "country": "GB"})

    saved = shop.client.v1.customers.retrieve(customer.id)
    assert refused.status == 422
    assert (saved.name, saved.email) == ("Alice & Co", "new@example.com")
    assert saved.address is not None
    assert saved.address.line1 == "1 Lane"


def test_invoices_are_listed_with_their_pdf(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("pro_month")

    page = visitor.get(open_portal(shop, customer))
    pdf = visitor.get(f"/i/{subscription.latest_invoice}/pdf")

    assert f"/i/{subscription.latest_invoice}" in page.text
    assert pdf.response.content.startswith(b"%PDF-1.7")


def test_somebody_elses_subscription_does_not_exist(shop: Shop, visitor: Visitor) -> None:
    alice, _ = shop.subscriber()
    _, bobs = shop.subscriber()

    page = visitor.post(f"{open_portal(shop, alice)}/subscriptions/{bobs.id}/cancel", {})

    assert page.status == 404
    assert reload(shop, bobs).cancel_at is None


def test_features_that_are_off_are_neither_shown_nor_done(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber()
    configuration = shop.client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}}
    )
    path = open_portal(shop, customer, configuration=configuration.id)

    home = visitor.get(path)
    refused: list[Page] = [
        visitor.post(f"{path}/subscriptions/{subscription.id}/cancel", {}),
        visitor.get(f"{path}/subscriptions/{subscription.id}/update"),
        visitor.get(f"{path}/payment-methods/add"),
        visitor.get(f"{path}/details"),
    ]

    assert "Cancel plan" not in home.text
    assert [page.status for page in refused] == [403, 403, 403, 403]


def test_plan_is_paused_and_resumed(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber()
    configuration = shop.configuration(subscription_pause={"enabled": True})
    path = open_portal(shop, customer, configuration=configuration)

    page = visitor.get(f"{path}/subscriptions/{subscription.id}/pause")
    visitor.post(f"{path}/subscriptions/{subscription.id}/pause", {})
    paused = reload(shop, subscription).status
    home = visitor.get(path)
    visitor.post(f"{path}/subscriptions/{subscription.id}/resume", {})

    assert ">Pause plan</button>" in page.text
    assert paused == "paused"
    assert ">Resume plan</button>" in home.text
    assert reload(shop, subscription).status == "active"


def flow(kind: str, after: dict[str, Any] | None = None, **details: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"type": kind, "after_completion": after or {"type": "portal_homepage"}}
    return {**data, **({kind: details} if details else {})}


def test_cancel_flow_goes_straight_there_and_back_to_the_shop(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber()
    after = {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:9/account?canceled=1"}}
    data = flow("subscription_cancel", after, subscription=subscription.id)
    path = open_portal(shop, customer, flow_data=data)

    page = visitor.get(path).location
    policy = visitor.get(page).response.headers["Content-Security-Policy"]
    answer = visitor.post(page, {})
    again = visitor.get(path)

    assert page.endswith(f"/subscriptions/{subscription.id}/cancel")
    assert "http://127.0.0.1:9" in policy
    assert answer.location == "http://127.0.0.1:9/account?canceled=1"
    assert again.status == 200


def test_update_confirm_flow_shows_the_amount_and_confirms(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    item = subscription.items.data[0].id
    wanted = [{"id": item, "price": shop.prices["pro_month"], "quantity": 1}]
    data = flow(
        "subscription_update_confirm",
        {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Enjoy <Pro>"}},
        subscription=subscription.id,
        items=wanted,
    )
    path = open_portal(shop, customer, flow_data=data)

    page = visitor.get(path).location
    shown = visitor.get(page)
    done = visitor.get(visitor.post(page, {}).location)

    assert ">Update plan</button>" in shown.text
    assert "$20.00" in shown.text
    assert "Enjoy &lt;Pro&gt;" in done.response.text
    assert reload(shop, subscription).items.data[0].price.id == shop.prices["pro_month"]


@pytest.mark.parametrize(
    ("kind", "ending"),
    [("payment_method_update", "/payment-methods/add"), ("subscription_update", "/update")],
)
def test_other_flows_go_straight_to_their_page(shop: Shop, visitor: Visitor, kind: str, ending: str) -> None:
    customer, subscription = shop.subscriber()
    details = {"subscription": subscription.id} if kind == "subscription_update" else {}
    path = open_portal(shop, customer, flow_data=flow(kind, **details))

    location = visitor.get(path).location

    assert location.endswith(ending)
    assert visitor.get(location).status == 200


def test_login_page_leads_to_the_customers_own_portal(shop: Shop, visitor: Visitor) -> None:
    customer = shop.customer(email="by-link@example.com")
    configuration = shop.client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}, "login_page": {"enabled": True}}
    )
    path = urlsplit(str(configuration.login_page.url)).path

    unknown = visitor.post(path, {"email": "nobody@example.com"})
    home = visitor.get(visitor.post(path, {"email": "by-link@example.com"}).location)

    assert unknown.status == 422
    assert str(customer.email) in home.text
    assert visitor.get(f"/p/login/{shop.configuration()}").status == 404


def test_session_expires(shop: Shop, visitor: Visitor, emulator: Emulator) -> None:
    path = open_portal(shop, shop.customer())
    with emulator.store.write() as tx:
        session = tx.require("billing_portal.session", path.rpartition("/")[2])
        tx.save({**session, "created": session["created"] - 2 * 3600})

    page = visitor.get(path)

    assert page.status == 410
    assert "This link has expired" in page.text
    assert ">Back</a>" in page.text


def test_yearly_price_says_what_it_saves(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    address = shop.portal(customer.id, configuration=shop.configuration())

    home = visitor.get(address)
    choices = visitor.get(f"{address}/subscriptions/{subscription.id}/update")

    assert "save $18.00 a year" in home.text
    assert (choices.text.count("save $18.00 a year"), choices.text.count("save $58.00 a year")) == (1, 1)


def test_canceling_can_be_left_and_renewing_leads_back(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    address = shop.portal(customer.id, configuration=shop.configuration())
    path = f"{address}/subscriptions/{subscription.id}"

    asked = visitor.get(f"{path}/cancel")
    visitor.post(f"{path}/cancel")
    renewed = visitor.get(visitor.post(f"{path}/renew").location)

    assert ">Keep my plan</a>" in asked.text
    assert '<a href="http://127.0.0.1:9/account" rel="noreferrer">Return to' in renewed.text
