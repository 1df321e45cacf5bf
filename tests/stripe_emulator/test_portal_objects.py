"""The customer portal's configurations and sessions, as objects."""

import pytest
import stripe

from stripe_emulator import Emulator
from tests.stripe_emulator.http import send


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
                "flow_data[type]": "subscription_update",
                "flow_data[subscription_update][subscription]": "sub_missing",
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
