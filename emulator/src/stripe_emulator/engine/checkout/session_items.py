"""What a Checkout Session sells: its line items and what they add up to."""

from fractions import Fraction

from stripe_emulator.api import errors
from stripe_emulator.api.expand import includable
from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.invoices.lines import pricing, product_name
from stripe_emulator.engine.money import price_amount, round_half_up
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.engine.subscriptions.subscription_items import tax_rates
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

KIND = "checkout.session"


def build_items(tx: Transaction, entries: list[Json]) -> list[Json]:
    """Return what is kept of each `line_items` entry: its price, quantity and tax rates."""
    found = []
    for index, entry in enumerate(entries):
        param = f"line_items[{index}]"
        price = resolve_price(tx, entry, param)
        quantity = entry.get("quantity")
        if quantity is None and (price["recurring"] or {}).get("usage_type") != "metered":
            raise errors.invalid_request(
                f"Quantity is required. Add `quantity` to `{param}`",
                f"{param}[quantity]",
                "parameter_missing",
            )
        if quantity is not None and quantity < 1:
            raise errors.invalid_request(
                "This value must be greater than or equal to 1.",
                f"{param}[quantity]",
                "parameter_invalid_integer",
            )
        found.append(
            {
                "id": ids.new_id("item"),
                "price": price,
                "quantity": quantity,
                "adjustable_quantity": _adjustable(entry.get("adjustable_quantity")),
                "metadata": entry.get("metadata") or {},
                "tax_rates": tax_rates(tx, entry.get("tax_rates"), f"{param}[tax_rates]"),
            }
        )
    return found


def items_of(tx: Transaction, session: Json) -> list[Json]:
    """Return the session's line items as the API shows them."""
    hidden = tx.hidden(KIND, session["id"])
    kept, currency = hidden.get("line_items", []), session["currency"]
    pseudo_lines = _priced(tx, kept, currency, hidden.get("coupons", []))
    return [_item(tx, each, currency, line) for each, line in zip(kept, pseudo_lines, strict=True)]


def session_sums(tx: Transaction, kept: list[Json], currency: str, coupons: list[str], *, trial: bool) -> Json:
    """Return `amount_subtotal`, `amount_total` and `total_details` of what is due today."""
    due = [each for each in kept if not (trial and each["price"]["recurring"])]
    priced = _priced(tx, due, currency, coupons)
    subtotal = sum(line["amount"] for line in priced)
    discount = sum(line["discount"] for line in priced)
    tax = sum(line["tax"] for line in priced)
    exclusive = sum(line["exclusive_tax"] for line in priced)
    return {
        "amount_subtotal": subtotal,
        "amount_total": subtotal - discount + exclusive,
        "total_details": {"amount_discount": discount, "amount_shipping": 0, "amount_tax": tax},
    }


def _priced(tx: Transaction, kept: list[Json], currency: str, coupon_ids: list[str]) -> list[Json]:
    pseudo_lines: list[Json] = [
        {
            "amount": price_amount(tx, price_in(tx, each["price"], currency), each["quantity"] or 0),
            "discountable": True,
            "discount_amounts": [],
            "pricing": pricing(each["price"]),
        }
        for each in kept
    ]
    coupons = [(coupon_id, coupon) for coupon_id in coupon_ids if (coupon := tx.get("coupon", coupon_id))]
    discounts.discount_lines(tx, pseudo_lines, coupons)
    for line, each in zip(pseudo_lines, kept, strict=True):
        line["discount"] = sum(amount["amount"] for amount in line["discount_amounts"])
        line.update(_taxes(line["amount"] - line["discount"], each["tax_rates"]))
    return pseudo_lines


def _taxes(net: int, rates: list[Json]) -> Json:
    tax = exclusive = 0
    for rate in rates:
        percent = rate["percentage"]
        if rate["inclusive"]:
            tax += net - round_half_up(_fraction(net) / (1 + _fraction(percent) / 100))
        else:
            added = round_half_up(_fraction(net) * _fraction(percent) / 100)
            tax, exclusive = tax + added, exclusive + added
    return {"tax": tax, "exclusive_tax": exclusive}


def _fraction(value: int | float) -> Fraction:
    return Fraction(str(value))


def _item(tx: Transaction, kept: Json, currency: str, line: Json) -> Json:
    return {
        "id": kept["id"],
        "object": "item",
        "adjustable_quantity": kept["adjustable_quantity"],
        "amount_discount": line["discount"],
        "amount_subtotal": line["amount"],
        "amount_tax": line["tax"],
        "amount_total": line["amount"] - line["discount"] + line["exclusive_tax"],
        "currency": currency,
        "description": product_name(tx, kept["price"]),
        "metadata": kept["metadata"],
        "price": kept["price"],
        "quantity": kept["quantity"],
    }


def _adjustable(given: Json | None) -> Json | None:
    if not given or not given.get("enabled"):
        return None
    return {"enabled": True, "maximum": given.get("maximum", 99), "minimum": given.get("minimum", 0)}


@includable(KIND, "line_items")
def _line_items(tx: Transaction, session: Json) -> Json:
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {"object": "list", "data": items_of(tx, session), "has_more": False, "url": url}
