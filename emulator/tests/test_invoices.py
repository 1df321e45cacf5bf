"""Invoices made by hand, their ends, credit notes and balances."""

from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.shop import Shop


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def draft(shop: Shop, customer: stripe.Customer, amount: int = 2000, **params: Any) -> stripe.Invoice:
    """Create a draft for one amount."""
    shop.client.v1.invoice_items.create(
        {"customer": customer.id, "amount": amount, "currency": "usd", "description": "Work"}
    )
    return shop.client.v1.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "include", **params}
    )


def test_paying_a_draft_finalizes_it_first(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())

    types = shop.events_during(lambda: shop.client.v1.invoices.pay(invoice.id))

    paid = shop.client.v1.invoices.retrieve(invoice.id, {"expand": ["payments"]})
    assert (paid.status, paid.amount_paid, paid.attempt_count) == ("paid", 2000, 1)
    assert paid.number and paid.hosted_invoice_url and paid.invoice_pdf
    assert paid.payments is not None and paid.payments.data[0].payment.type == "payment_intent"
    assert types.index("invoice.finalized") < types.index("invoice.paid")


def test_declined_payment_of_an_invoice_is_a_402_that_is_kept(shop: Shop) -> None:
    customer = shop.customer()
    invoice = draft(shop, customer)

    with pytest.raises(stripe.CardError) as raised:
        shop.client.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_chargeCustomerFail"})

    assert raised.value.code == "card_declined"
    after = shop.client.v1.invoices.retrieve(invoice.id)
    assert (after.status, after.attempted, after.attempt_count) == ("open", True, 1)
    assert shop.events("invoice.payment_failed")[0].data.object["id"] == invoice.id


def test_invoice_can_ask_for_authentication(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())

    with pytest.raises(stripe.CardError) as raised:
        shop.client.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_threeDSecure2Required"})

    assert raised.value.code == "invoice_payment_intent_requires_action"
    assert shop.events("invoice.payment_action_required")[0].data.object["id"] == invoice.id


def test_paid_invoice_cannot_be_paid_again(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())
    shop.client.v1.invoices.pay(invoice.id)

    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        shop.client.v1.invoices.pay(invoice.id)


def test_invoice_paid_elsewhere_takes_no_money(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())

    types = shop.events_during(lambda: shop.client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True}))

    assert shop.client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert "charge.succeeded" not in types


def test_voided_invoice_cancels_its_payment(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())
    shop.client.v1.invoices.finalize_invoice(invoice.id)

    types = shop.events_during(lambda: shop.client.v1.invoices.void_invoice(invoice.id))

    assert shop.client.v1.invoices.retrieve(invoice.id).status == "void"
    assert {"invoice.voided", "payment_intent.canceled"} <= set(types)


def test_uncollectible_invoice_can_still_be_paid(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())
    shop.client.v1.invoices.finalize_invoice(invoice.id)

    given_up = shop.client.v1.invoices.mark_uncollectible(invoice.id)
    paid = shop.client.v1.invoices.pay(invoice.id)

    assert (given_up.status, paid.status) == ("uncollectible", "paid")


def test_deleted_draft_gives_its_items_back(shop: Shop) -> None:
    customer = shop.customer()
    invoice = draft(shop, customer)

    shop.client.v1.invoices.delete(invoice.id)

    pending = shop.client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert [item.amount for item in pending] == [2000]
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.invoices.retrieve(invoice.id)
    assert raised.value.param == "invoice"


def test_lines_of_a_draft_can_be_added_and_removed(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())

    added = shop.client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 500, "description": "More"}]})
    removed = shop.client.v1.invoices.remove_lines(
        invoice.id, {"lines": [{"id": added.lines.data[0].id, "behavior": "delete"}]}
    )

    assert (added.total, removed.total) == (2500, 500)


def test_negative_invoice_becomes_credit_for_the_next(shop: Shop) -> None:
    customer = shop.customer()
    shop.client.v1.invoices.finalize_invoice(draft(shop, customer, -1500).id)

    paid = shop.client.v1.invoices.pay(draft(shop, customer, 2000).id)

    assert shop.client.v1.customers.retrieve(customer.id).balance == 0
    assert (paid.starting_balance, paid.amount_paid, paid.ending_balance) == (-1500, 500, 0)


def test_tax_rate_is_added_to_the_total(shop: Shop) -> None:
    rate = shop.client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})

    invoice = draft(shop, shop.customer(), default_tax_rates=[rate.id])

    assert (invoice.subtotal, invoice.total) == (2000, 2400)
    assert invoice.total_taxes is not None and invoice.total_taxes[0].amount == 400


def test_credit_note_reduces_an_open_invoice(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())
    shop.client.v1.invoices.finalize_invoice(invoice.id)

    note = shop.client.v1.credit_notes.create({"invoice": invoice.id, "amount": 500})

    assert (note.type, note.pre_payment_amount) == ("pre_payment", 500)
    assert shop.client.v1.invoices.pay(invoice.id).amount_paid == 1500


def test_credit_note_refunds_a_paid_invoice(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())
    shop.client.v1.invoices.pay(invoice.id)

    note = shop.client.v1.credit_notes.create({"invoice": invoice.id, "amount": 500, "refund_amount": 500})

    assert note.type == "post_payment"
    assert shop.events("charge.refunded")[0].data.object["amount_refunded"] == 500
    assert shop.client.v1.invoices.retrieve(invoice.id).post_payment_credit_notes_amount == 500


def test_sent_invoice_waits_for_the_customer(shop: Shop) -> None:
    customer = shop.customer(card=None)
    subscription = shop.subscribe(customer, shop.pro, collection_method="send_invoice", days_until_due=7)

    assert subscription.status == "active"
    invoice = shop.client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (invoice.status, invoice.collection_method) == ("open", "send_invoice")
    assert invoice.due_date == invoice.created + 7 * 86400


def test_invoice_of_a_change_is_sent_as_the_first_was(shop: Shop) -> None:
    customer = shop.customer(card=None)
    subscription = shop.subscribe(customer, shop.basic, collection_method="send_invoice", days_until_due=7)

    items: Any = [{"id": subscription["items"].data[0].id, "price": shop.pro.id}]
    shop.client.v1.subscriptions.update(subscription.id, {"items": items, "proration_behavior": "always_invoice"})

    sent = [event.data.object for event in shop.events("invoice.sent") if event.data.object["customer"] == customer.id]
    assert [(one["billing_reason"], one["status"]) for one in sent] == [
        ("subscription_update", "open"),
        ("subscription_create", "open"),
    ]


def test_entitlements_follow_the_subscription(shop: Shop) -> None:
    feature = shop.client.v1.entitlements.features.create({"name": "Export", "lookup_key": f"export_{shop.pro.id}"})
    shop.client.v1.products.features.create(str(shop.pro.product), {"entitlement_feature": feature.id})
    customer = shop.customer()

    subscription = shop.subscribe(customer, shop.pro)
    held = shop.client.v1.entitlements.active_entitlements.list({"customer": customer.id}).data
    shop.client.v1.subscriptions.cancel(subscription.id)
    after = shop.client.v1.entitlements.active_entitlements.list({"customer": customer.id}).data

    assert [each.lookup_key for each in held] == [f"export_{shop.pro.id}"]
    assert after == []
    summaries = shop.events("entitlements.active_entitlement_summary.updated")[:2]
    assert [len(each.data.object["entitlements"]["data"]) for each in summaries] == [0, 1]


def test_automatic_tax_is_complete_and_adds_nothing_where_nobody_is_registered(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.pro, automatic_tax={"enabled": True}, expand=["latest_invoice"])
    draft = shop.client.v1.invoices.create({"customer": customer.id, "automatic_tax": {"enabled": True}})

    off = shop.client.v1.invoices.update(draft.id, {"automatic_tax": {"enabled": False}})

    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (invoice.automatic_tax.enabled, invoice.automatic_tax.status) == (True, "complete")
    assert (invoice.total, invoice.total_taxes, invoice.total_excluding_tax) == (2900, [], 2900)
    assert (draft.automatic_tax.status, off.automatic_tax.status) == ("complete", None)


def test_recurring_price_is_no_invoice_item(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.invoice_items.create({"customer": shop.customer().id, "pricing": {"price": shop.basic.id}})

    assert raised.value.param == "pricing[price]"


def test_invoice_items_carry_their_own_tax_discount_and_unit_price(shop: Shop) -> None:
    customer = shop.customer().id
    rate = shop.client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    half = shop.client.v1.coupons.create({"percent_off": 50})

    shop.client.v1.invoice_items.create(
        {
            "customer": customer,
            "unit_amount_decimal": "250",
            "quantity": 4,
            "currency": "usd",
            "tax_rates": [rate.id],
            "discounts": [{"coupon": half.id}],
        }
    )
    invoice = shop.client.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})

    assert (invoice.subtotal, invoice.total_excluding_tax, invoice.total) == (500, 500, 600)
    assert invoice.total_taxes is not None and invoice.total_taxes[0].amount == 100


def test_draft_has_no_addresses_yet_and_says_so(shop: Shop) -> None:
    draft = shop.client.v1.invoices.create({"customer": shop.customer().id})

    assert (draft.hosted_invoice_url, draft.invoice_pdf) == (None, None)
    assert shop.client.v1.invoices.finalize_invoice(draft.id).hosted_invoice_url


def test_what_was_pending_stands_before_the_subscription_the_newest_first(shop: Shop) -> None:
    clock = shop.clock(1_785_542_400)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    for days, amount in ((1, 100), (2, 200)):
        shop.advance(clock, 1_785_542_400 + days * 86_400)
        shop.client.v1.invoice_items.create(
            {"customer": str(subscription.customer), "amount": amount, "currency": "usd"}
        )

    shown = shop.client.v1.invoices.create_preview({"subscription": subscription.id})
    shop.advance(clock, subscription["items"].data[0].current_period_end + 7200)

    renewal = shop.client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert [line.amount for line in shown.lines.data] == [200, 100, 2900]
    assert [line.amount for line in renewal.lines.data] == [200, 100, 2900]
