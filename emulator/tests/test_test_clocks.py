"""Test clocks and the customers on them."""

import pytest
import stripe

START = 1_800_000_000


def test_clock_gives_its_time_to_its_customers(client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START, "name": "Renewals"})

    customer = client.v1.customers.create({"test_clock": clock.id})

    assert customer.created == START
    assert client.v1.customers.list({"test_clock": clock.id}).data[0].id == customer.id
    assert customer.id not in [one.id for one in client.v1.customers.list({"limit": 100}).data]


def test_advanced_clock_answers_advancing_and_is_then_ready(client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})

    advancing = client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 3600})
    ready = client.v1.test_helpers.test_clocks.retrieve(clock.id)

    assert advancing.status == "advancing"
    assert (ready.status, ready.frozen_time) == ("ready", START + 3600)
    types = [event.type for event in client.v1.events.list({"limit": 3}).data]
    assert types[:2] == ["test_helpers.test_clock.ready", "test_helpers.test_clock.advancing"]


def test_clock_does_not_go_back(client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START - 1})

    assert caught.value.param == "frozen_time"


def test_deleted_clock_takes_its_customers_along(client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    customer = client.v1.customers.create({"test_clock": clock.id})

    deleted = client.v1.test_helpers.test_clocks.delete(clock.id)

    assert deleted.deleted is True
    assert client.v1.customers.retrieve(customer.id).deleted is True


def test_customer_needs_a_clock_that_exists(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create({"test_clock": "clock_missing"})

    assert caught.value.param == "test_clock"


def test_clock_can_be_made_for_a_customer(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})

    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START, "customer": customer.id})

    assert client.v1.customers.retrieve(customer.id).test_clock == clock.id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.test_helpers.test_clocks.create({"frozen_time": START, "customer": customer.id})
    assert caught.value.param == "customer"
