"""Asking Stripe, from the admin pages, whether it lets us in."""

from flask import Flask

from app.billing.gateway.client import StripeGateway
from app.config.settings import Settings
from tests.people import Person


def test_check_now_tells_that_stripe_lets_us_in(catalogue: None, olga: Person) -> None:
    olga.post("/admin/connection/check", page="/admin/connection")

    assert "Connected to Stripe." in olga.get("/admin/connection").text


def test_check_now_tells_when_stripe_is_out_of_reach(app: Flask, settings: Settings, olga: Person) -> None:
    page = olga.csrf_token("/admin/connection")
    before = app.extensions["stripe_gateway"]
    app.extensions["stripe_gateway"] = StripeGateway(
        settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:9"})
    )
    answer = olga.client.post("/admin/connection/check", data={"csrf_token": page})
    app.extensions["stripe_gateway"] = before

    assert answer.status_code == 303
    assert "Stripe could not be asked" in olga.get("/admin/connection").text


def test_the_payments_page_has_the_figures_and_the_connections_health(catalogue: None, olga: Person) -> None:
    page = olga.read("/admin/payments")

    for part in ("MRR", "Subscribers", "Churn, 30 days", "Revenue by month", "Connection to Stripe", "Last webhook"):
        assert part in page, part
