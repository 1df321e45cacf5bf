"""The hosted invoice, its PDF, and receipts."""

import re
from urllib.parse import urlsplit

import pytest
import stripe

from stripe_emulator.hosted.invoice_pdf import Parties, invoice_pdf
from tests.hosted.conftest import CARD, Shop, Visitor


@pytest.fixture
def unpaid(shop: Shop) -> tuple[stripe.Customer, stripe.Invoice]:
    """Return a customer with an open invoice that nothing has been tried for."""
    customer = shop.customer()
    shop.client.v1.invoice_items.create({"customer": customer.id, "amount": 4200, "currency": "usd"})
    draft = shop.client.v1.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "include", "auto_advance": False}
    )
    return customer, shop.client.v1.invoices.finalize_invoice(str(draft.id))


def path_of(invoice: stripe.Invoice) -> str:
    assert invoice.hosted_invoice_url is not None
    return urlsplit(invoice.hosted_invoice_url).path


def test_open_invoice_is_paid_with_a_card(
    shop: Shop, visitor: Visitor, unpaid: tuple[stripe.Customer, stripe.Invoice]
) -> None:
    _, invoice = unpaid
    path = path_of(invoice)

    page = visitor.get(path)
    answer = visitor.post(f"{path}/pay", CARD)
    done = visitor.get(answer.location)

    assert "$42.00" in page.text
    assert ">Pay</button>" in page.text
    assert "The invoice is paid." in done.text
    assert ">Pay</button>" not in done.text
    assert shop.client.v1.invoices.retrieve(str(invoice.id)).status == "paid"


def test_pressing_pay_twice_charges_once(
    shop: Shop, visitor: Visitor, unpaid: tuple[stripe.Customer, stripe.Invoice]
) -> None:
    customer, invoice = unpaid

    answers = [visitor.post(f"{path_of(invoice)}/pay", CARD) for _ in range(2)]

    assert [answer.status for answer in answers] == [303, 303]
    assert len(shop.client.v1.charges.list({"customer": customer.id}).data) == 1


def test_declined_card_leaves_the_invoice_open(
    shop: Shop, visitor: Visitor, unpaid: tuple[stripe.Customer, stripe.Invoice]
) -> None:
    _, invoice = unpaid

    page = visitor.post(f"{path_of(invoice)}/pay", {**CARD, "card_number": "4000 0000 0000 9995"})

    assert page.status == 402
    assert "Your card has insufficient funds." in page.text
    assert shop.client.v1.invoices.retrieve(str(invoice.id)).status == "open"


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [("complete", "paid", "Paid on"), ("fail", "open", "unable to authenticate your payment method")],
)
def test_three_d_secure_decides(
    shop: Shop,
    visitor: Visitor,
    unpaid: tuple[stripe.Customer, stripe.Invoice],
    outcome: str,
    status: str,
    words: str,
) -> None:
    _, invoice = unpaid
    pressed = visitor.post(f"{path_of(invoice)}/pay", {**CARD, "card_number": "4000 0027 6000 3184"})

    answer = visitor.post(urlsplit(pressed.location).path, {"outcome": outcome})
    page = visitor.get(answer.location)

    assert words in page.text
    assert shop.client.v1.invoices.retrieve(str(invoice.id)).status == status


def test_saved_card_pays_in_one_press(
    shop: Shop, visitor: Visitor, unpaid: tuple[stripe.Customer, stripe.Invoice]
) -> None:
    customer, invoice = unpaid
    method = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    shop.client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})

    page = visitor.get(path_of(invoice))
    visitor.post(f"{path_of(invoice)}/pay-saved", {})

    assert "Use Visa ending in 4242" in page.text
    assert shop.client.v1.invoices.retrieve(str(invoice.id)).status == "paid"


def test_renewal_that_asks_for_three_d_secure_is_recovered_on_the_page(shop: Shop, visitor: Visitor) -> None:
    clocks = shop.client.v1.test_helpers.test_clocks
    clock = clocks.create({"frozen_time": 1_800_000_000})
    customer, subscription = shop.subscriber(clock=clock.id)
    method = shop.client.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})
    shop.client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    clocks.advance(clock.id, {"frozen_time": 1_800_000_000 + 32 * 86400})
    open_invoice = shop.client.v1.invoices.list({"customer": customer.id, "status": "open"}).data[0]
    before = shop.client.v1.subscriptions.retrieve(subscription.id).status

    pressed = visitor.post(f"{path_of(open_invoice)}/pay-saved", {})
    visitor.post(urlsplit(pressed.location).path, {"outcome": "complete"})

    assert before == "past_due"
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_pdf_opens_and_is_whole(shop: Shop, visitor: Visitor) -> None:
    _, subscription = shop.subscriber("pro_month")
    invoice = shop.client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert invoice.invoice_pdf is not None

    answer = visitor.get(invoice.invoice_pdf).response

    document = answer.content
    start = int(document.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert answer.headers["Content-Type"] == "application/pdf"
    assert document[start:].startswith(b"xref\n")
    assert document.endswith(b"%%EOF\n")
    assert b"($29.00) Tj" in document
    for number, offset in enumerate(document[start:].split(b"\n")[3:-6], start=1):
        assert document[int(offset[:10]) :].startswith(f"{number} 0 obj".encode())


def test_pdf_names_seller_buyer_period_quantity_tax_id_and_card(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("pro_month")
    address = {"line1": "1 Rose Lane", "city": "Oxford", "postal_code": "OX1", "country": "GB"}
    shop.client.v1.customers.update(customer.id, {"name": "Alice Liddell", "address": address})
    shop.client.v1.customers.tax_ids.create(customer.id, {"type": "gb_vat", "value": "GB123456789"})
    item = subscription["items"].data[0]
    change = {"items": [{"id": item.id, "quantity": 3}], "proration_behavior": "always_invoice"}
    changed = shop.client.v1.subscriptions.update(subscription.id, change)
    invoice = shop.client.v1.invoices.retrieve(str(changed.latest_invoice))

    document = visitor.get(str(invoice.invoice_pdf)).response.content
    words = [part.decode("cp1252") for part in re.findall(rb"\((.*)\) Tj", document)]

    assert {"From", "To", "Alice Liddell", "1 Rose Lane", "OX1 Oxford", "GB", "Tax ID GB123456789"} <= set(words)
    assert {"Qty", "3", "Unit price", "Paid with Visa ending in 4242"} <= set(words)
    assert any(re.fullmatch(r"\d+ \w+ \d{4} to \d+ \w+ \d{4}", word) for word in words)


def test_pdf_says_once_how_many_and_when_it_was_paid(shop: Shop, visitor: Visitor) -> None:
    _, subscription = shop.subscriber("pro_month")
    invoice = shop.client.v1.invoices.retrieve(str(subscription.latest_invoice))

    document = visitor.get(str(invoice.invoice_pdf)).response.content
    words = [escaped.decode("cp1252") for escaped in re.findall(rb"\((.*)\) Tj", document)]

    assert "(at " in str(invoice.lines.data[0].description)
    assert not [word for word in words if "\N{MULTIPLICATION SIGN}" in word or "(at " in word]
    assert any(re.fullmatch(r"\$29\.00 paid on \d+ \w+ \d{4}", word) for word in words)


def test_long_invoice_takes_more_pages_and_odd_letters_do_no_harm() -> None:
    period = {"start": 0, "end": 0}
    line = {"description": "(a) \\ 日本 €", "amount": 100, "currency": "usd", "quantity": None, "period": period}
    invoice = {
        "id": "in_1",
        "number": "A-1",
        "status": "open",
        "created": 0,
        "customer": "cus_1",
        "customer_name": None,
        "customer_email": None,
        "customer_address": None,
        "customer_tax_ids": [],
        "due_date": 86400,
        "status_transitions": {"finalized_at": 0, "paid_at": None},
        "starting_balance": 0,
        "amount_due": 6500,
        "currency": "usd",
        "lines": {"data": [line] * 70},
        "total_discount_amounts": [{"amount": 500}],
        "total_taxes": [],
        "subtotal": 7000,
        "total": 6500,
        "amount_paid": 0,
    }

    document = invoice_pdf(invoice, Parties(["Shop (Ltd)"]))

    assert b"/Count 5" in document
    assert b"(\\(a\\) \\\\ ?? \x80) Tj" in document
    assert b"(-$5.00) Tj" in document


def test_receipt_shows_the_charge(shop: Shop, visitor: Visitor) -> None:
    customer, _ = shop.subscriber("pro_month")
    charge = shop.client.v1.charges.list({"customer": customer.id}).data[0]
    assert charge.receipt_url is not None

    page = visitor.get(charge.receipt_url)

    assert "$29.00" in page.text
    assert "Visa ending in 4242" in page.text
