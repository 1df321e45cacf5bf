"""Whatever is sent to a hosted page, it never breaks."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_emulator import Emulator
from stripe_emulator.hosted import create_hosted_app
from tests.hosted.conftest import CARD, Shop

FIELDS = (
    *CARD,
    "email",
    "method",
    "iban",
    "fill",
    "promotion_code",
    "remove",
    "outcome",
    "price",
    "quantity",
    "proration_date",
    "feedback",
    "comment",
    "country",
    "line1",
    "amount",
    "step",
    "unit",
    "clock",
    "duplicate",
    "delay",
    "preset",
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "grant_type",
    "code",
    "client_secret",
    "stripe_user_id",
    "q",
    "page",
)
LIKELY = (
    *CARD.values(),
    "sepa_debit",
    "complete",
    "fail",
    "ca_x",
    "code",
    "authorization_code",
    "sk_test_x",
    "http://127.0.0.1:9/?a=[",
    "javascript:alert(1)",
    "99999999999999999999",
    "-1",
    "0",
    "1e9",
    "\x00",
    "½",
    "{CHECKOUT_SESSION_ID}",
    "%",
)


@pytest.fixture(scope="module")
def pages() -> Iterator[tuple[Flask, list[str]]]:
    """Serve the pages of an emulator with a bit of everything in it, and name what is in it."""
    import stripe

    with Emulator() as emulator:
        http_client = stripe.RequestsClient()
        client = stripe.StripeClient(emulator.secret_key, base_addresses={"api": emulator.url}, http_client=http_client)
        shop = Shop(client)
        customer, subscription = shop.subscriber()
        charge = client.v1.charges.list({"customer": customer.id}).data[0]
        portal = shop.portal(customer.id, configuration=shop.configuration()).rpartition("/")[2]
        session = shop.checkout(allow_promotion_codes=True)
        known = [customer.id, subscription.id, charge.id, portal, session.id, str(subscription.latest_invoice)]
        app = create_hosted_app(emulator.store)
        app.config["PROPAGATE_EXCEPTIONS"] = True
        yield app, [*known, str(charge.payment_intent), "customer", "event", "1", "99999999999999999999"]
        http_client.close()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_breaks_a_page(pages: tuple[Flask, list[str]], data: st.DataObject) -> None:
    app, known = pages
    # Resetting would leave nothing for the next example.
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in ("static", "dashboard.reset")]
    rule = data.draw(st.sampled_from(sorted(rules, key=lambda rule: rule.rule)))
    method = data.draw(st.sampled_from(sorted((rule.methods or set()) - {"OPTIONS"})))
    place = st.sampled_from(known) | st.text(min_size=1, max_size=20).filter(lambda text: "/" not in text)
    drawn = {
        "number": st.integers(min_value=0, max_value=10**22),
        "slug": st.sampled_from(["customers", "events", "coupons"]),
    }
    arguments: dict[str, Any] = {name: data.draw(drawn.get(name, place)) for name in sorted(rule.arguments)}
    values = st.sampled_from(LIKELY) | st.text(max_size=30)
    form = data.draw(st.dictionaries(st.sampled_from(FIELDS), values, max_size=8))
    address = app.url_map.bind("127.0.0.1").build(rule.endpoint, arguments, method=method)

    answer = app.test_client().open(
        address, method=method, data=form if method == "POST" else None, query_string=form if method == "GET" else None
    )

    assert answer.status_code < 500
