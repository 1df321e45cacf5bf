"""What Prometheus is shown, and to whom."""

from collections.abc import Callable

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app import jobs
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, signed

pytestmark = pytest.mark.needs("app/metrics")
TOKEN = "a-token-for-prometheus"


@pytest.fixture
def site(app_with: Callable[..., Flask]) -> Flask:
    return app_with(metrics_token=TOKEN)


def figures(site: Flask) -> dict[str, float]:
    """Each sample by its name and labels, as Prometheus writes them."""
    text = site.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for sample in samples
    }


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Bearer é", f"Basic {TOKEN}"])
def test_figures_are_for_who_has_the_token(site: Flask, given: str) -> None:
    answer = site.test_client().get("/metrics", headers={"Authorization": given})

    assert answer.status_code == 401
    assert "http_requests" not in answer.text


def test_there_is_no_such_page_without_a_token_in_the_settings(app: Flask) -> None:
    assert app.test_client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_requests_are_counted_by_route_and_status(site: Flask) -> None:
    before = figures(site)

    site.test_client().get("/pricing")
    site.test_client().get("/reset-password/secret")
    site.test_client().open("/pricing", method="BREW")

    after = figures(site)
    grown = {name: after[name] - before.get(name, 0) for name in after if name.startswith("http_requests_total")}
    assert grown["http_requests_total method=GET route=/pricing status=200"] == 1
    assert grown["http_requests_total method=GET route=/reset-password/<token> status=400"] == 1
    assert sum(value for name, value in grown.items() if "method=other" in name) == 1
    assert not any("BREW" in name or "secret" in name for name in after)
    counted = "http_request_seconds_count route=/pricing"
    assert after[counted] - before.get(counted, 0) >= 1


def test_webhooks_are_counted_by_outcome_with_their_age(site: Flask, app: Flask, catalogue: None) -> None:
    before = figures(site)
    event = event_of("product.created", {"id": "prod_1", "object": "product"})
    for secret in (app.extensions["settings"].webhook_secrets[0], "whsec_wrong"):
        body, headers = signed(event, secret)
        site.test_client().post("/webhooks/stripe", data=body, headers=headers)

    after = figures(site)
    grown = {name: after[name] - before.get(name, 0) for name in after if name.startswith("stripe_webhook")}
    assert sum(grown[f"stripe_webhooks_total outcome={outcome}"] for outcome in ("ignored", "refused")) == 2
    assert grown["stripe_webhook_age_seconds_count"] == 1
    assert after["stripe_last_event_timestamp_seconds"] > 0


def test_questions_to_stripe_are_counted_with_what_came_of_them(
    site: Flask, alice: Person, catalogue: None, app_with: Callable[..., Flask]
) -> None:
    before = figures(site)
    alice.on(site).buy("pro")
    nobody_there = app_with(metrics_token=TOKEN, stripe_api_base="http://127.0.0.1:1")
    alice.on(nobody_there).buy("basic")

    after = figures(site)
    asked = {
        outcome: after[name] - before.get(name, 0)
        for outcome in ("ok", "StripeUnavailable")
        if (name := f"stripe_call_seconds_count outcome={outcome}") in after
    }
    assert asked["ok"] >= 2
    assert asked["StripeUnavailable"] >= 1


def test_people_mails_and_jobs_are_shown_as_they_stand(
    site: Flask, alice: Person, bob: Person, catalogue: None, at_stripe: Stripe
) -> None:
    with site.app_context():
        jobs.show_heartbeat()

    shown = figures(site)

    assert shown["users plan=none role=free"] == 2
    assert shown["outbox_mails state=waiting"] == 2
    assert shown["outbox_mails state=given_up"] == 0
    assert shown["stripe_events_failed"] == 0
    assert shown["jobs_queue_up"] == 1
    assert shown["jobs_heartbeat_timestamp_seconds"] > 1_700_000_000
    assert shown["jobs_queued"] >= 0
