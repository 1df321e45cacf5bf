"""The customer portal's configurations and sessions, as objects."""

import pytest
import stripe

from stripe_emulator import Emulator
from tests.http import send


def test_an_active_default_configuration_exists(client: stripe.StripeClient) -> None:
    configurations = client.v1.billing_portal.configurations.list({"is_default": True}).data

    assert [one.active for one in configurations] == [True]
    assert configurations[0].features.subscription_cancel.mode == "at_period_end"


def test_configuration_merges_what_is_given(client: stripe.StripeClient) -> None:
    id = client.v1.billing_portal.configurations.create(
        {
            "features": {"invoice_history": {"enabled": True}},
            "business_profile": {"headline": "Manage your plan"},
            "metadata": {"made_by": "test"},
        }
    ).id

    changed = client.v1.billing_portal.configurations.update(
        id, {"features": {"subscription_cancel": {"enabled": True, "mode": "immediately"}}, "active": True}
    )

    assert changed.features.invoice_history.enabled
    assert changed.features.subscription_cancel.mode == "immediately"
    assert changed.business_profile.headline == "Manage your plan"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"made_by": "test"}


def test_session_leads_to_the_portal(client: stripe.StripeClient, emulator: Emulator) -> None:
    customer = client.v1.customers.create({})

    session = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "return_url": "https://shop.example/account"}
    )

    assert session.url.startswith(f"{emulator.url}/p/session/")
    assert session.return_url == "https://shop.example/account"
    assert session.flow is None


def test_flow_is_deep_linked(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})

    session = client.v1.billing_portal.sessions.create(
        {
            "customer": customer.id,
            "flow_data": {
                "type": "payment_method_update",
                "after_completion": {"type": "redirect", "redirect": {"return_url": "https://shop.example"}},
            },
        }
    )

    assert session.flow is not None
    assert session.flow.type == "payment_method_update"
    assert session.flow.after_completion.redirect is not None


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "customer"),
        ({"customer": "cus_missing"}, "customer"),
        ({"customer": "{customer}", "configuration": "bpc_missing"}, "configuration"),
        ({"customer": "{customer}", "return_url": "javascript:alert(1)"}, "return_url"),
        (
            {"customer": "{customer}", "flow_data[type]": "subscription_cancel"},
            "flow_data[subscription_cancel]",
        ),
        (
            {
                "customer": "{customer}",
                "flow_data[type]": "subscription_cancel",
                "flow_data[subscription_cancel][subscription]": "sub_missing",
            },
            "flow_data[subscription_cancel][subscription]",
        ),
        (
            {
                "customer": "{customer}",
                "flow_data[type]": "subscription_pause",
                "flow_data[subscription_pause][subscription]": "sub_missing",
            },
            "flow_data[type]",
        ),
    ],
)
def test_wrong_session_is_refused(
    client: stripe.StripeClient, emulator: Emulator, params: dict[str, str], param: str
) -> None:
    customer = client.v1.customers.create({})
    filled = {name: value.replace("{customer}", customer.id) for name, value in params.items()}

    answer = send(emulator.url, "POST", "/v1/billing_portal/sessions", filled)

    assert (answer.status, answer.error["param"]) == (400, param)


@pytest.fixture
def subscription(client: stripe.StripeClient) -> stripe.Subscription:
    """Subscribe a customer with a working card."""
    customer = client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Basic"},
        }
    )
    return client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})


def test_flow_about_a_subscription_names_it(client: stripe.StripeClient, subscription: stripe.Subscription) -> None:
    session = client.v1.billing_portal.sessions.create(
        {
            "customer": str(subscription.customer),
            "flow_data": {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}},
        }
    )

    assert session.flow is not None
    assert session.flow.subscription_cancel is not None
    assert session.flow.subscription_cancel.subscription == subscription.id


def test_update_is_confirmed_with_its_items(client: stripe.StripeClient, subscription: stripe.Subscription) -> None:
    item = subscription.items.data[0]
    configuration = client.v1.billing_portal.configurations.create(
        {
            "features": {
                "subscription_update": {
                    "enabled": True,
                    "default_allowed_updates": ["price"],
                    "products": [{"product": str(item.price.product), "prices": [item.price.id]}],
                }
            }
        }
    )

    session = client.v1.billing_portal.sessions.create(
        {
            "customer": str(subscription.customer),
            "configuration": configuration.id,
            "flow_data": {
                "type": "subscription_update_confirm",
                "subscription_update_confirm": {
                    "subscription": subscription.id,
                    "items": [{"id": item.id, "price": item.price.id, "quantity": 1}],
                },
            },
        }
    )

    assert session.flow is not None
    assert session.flow.subscription_update_confirm is not None
    assert session.flow.subscription_update_confirm.items[0].id == item.id


def test_flow_is_refused_for_somebody_elses_or_an_ending_subscription(
    client: stripe.StripeClient, emulator: Emulator, subscription: stripe.Subscription
) -> None:
    stranger = client.v1.customers.create({})
    flow = {
        "flow_data[type]": "subscription_cancel",
        "flow_data[subscription_cancel][subscription]": subscription.id,
    }

    elsewhere = send(emulator.url, "POST", "/v1/billing_portal/sessions", {"customer": stranger.id, **flow})
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    own = {"customer": str(subscription.customer), **flow}
    ending = send(emulator.url, "POST", "/v1/billing_portal/sessions", own)

    assert (elsewhere.status, elsewhere.error["code"]) == (400, "resource_missing")
    assert "already set to be canceled" in ending.error["message"]


def test_inactive_configuration_cannot_be_used(client: stripe.StripeClient, emulator: Emulator) -> None:
    customer = client.v1.customers.create({})
    id = client.v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}}).id

    client.v1.billing_portal.configurations.update(id, {"active": False})

    params = {"customer": customer.id, "configuration": id}
    assert send(emulator.url, "POST", "/v1/billing_portal/sessions", params).status == 400
