"""Buying through a Payment Link."""

from urllib.parse import urlsplit

import pytest

from tests.hosted.conftest import CARD, Shop, Visitor


def test_link_carries_the_order_and_ends_on_its_own_page(shop: Shop, visitor: Visitor) -> None:
    address = f"/buy/{shop.prices['lifetime']}?client_reference_id=order-1_a&prefilled_email=bob%40example.com"

    path = urlsplit(visitor.get(address).location).path
    page = visitor.get(path)
    done = visitor.get(visitor.post(path, CARD).location)

    session = shop.client.v1.checkout.sessions.retrieve(path.rpartition("/")[2])
    assert "bob@example.com" in page.text
    assert "This checkout is done" in done.text
    assert (session.client_reference_id, session.payment_status) == ("order-1_a", "paid")
    assert str(session.payment_link).startswith("plink_1")


def test_link_makes_invoices_when_it_is_set_to(shop: Shop, visitor: Visitor) -> None:
    path = urlsplit(
        visitor.get(f"/buy/{shop.prices['lifetime']}?invoice=true&prefilled_email=bob%40example.com").location
    ).path

    visitor.post(path, CARD)

    session = shop.client.v1.checkout.sessions.retrieve(path.rpartition("/")[2], {"expand": ["invoice"]})
    assert session.invoice.status == "paid"


def test_every_visit_is_a_session_of_its_own(shop: Shop, visitor: Visitor) -> None:
    address = f"/buy/{shop.prices['lifetime']}"

    assert visitor.get(address).location != visitor.get(address).location


@pytest.mark.parametrize("reference", ["a%20b", "%3Cscript%3E", "x" * 201, ""])
def test_reference_in_another_form_is_dropped(shop: Shop, visitor: Visitor, reference: str) -> None:
    location = visitor.get(f"/buy/{shop.prices['lifetime']}?client_reference_id={reference}").location

    session = shop.client.v1.checkout.sessions.retrieve(location.rpartition("/")[2])
    assert session.client_reference_id is None


def test_unknown_link_does_not_exist(visitor: Visitor) -> None:
    assert visitor.get("/buy/nothing").status == 404
