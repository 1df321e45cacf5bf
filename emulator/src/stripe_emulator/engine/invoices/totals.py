"""What an invoice adds up to: lines, discounts, taxes and the customer's balance."""

from fractions import Fraction

from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.money import round_half_up
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction


def compute_totals(tx: Transaction, invoice: Json) -> None:
    """Fill in the invoice's sums from its lines."""
    lines = invoice["lines"]["data"]
    _apply_discounts(tx, invoice, lines)
    _apply_taxes(tx, invoice, lines)
    of_lines = [each for line in lines for each in line["discount_amounts"] if each["discount"] in line["discounts"]]
    of_lines_sum = sum(each["amount"] for each in of_lines)
    discounted = sum(each["amount"] for each in invoice["total_discount_amounts"]) - of_lines_sum
    exclusive = sum(each["amount"] for each in invoice["total_taxes"] if each["tax_behavior"] == "exclusive")
    inclusive = sum(each["amount"] for each in invoice["total_taxes"] if each["tax_behavior"] == "inclusive")
    # Stripe's subtotal is what is left after the discounts of single lines, and before those of the invoice.
    invoice["subtotal"] = sum(line["amount"] for line in lines) - of_lines_sum
    invoice["subtotal_excluding_tax"] = invoice["subtotal"] - inclusive
    invoice["total"] = invoice["subtotal"] - discounted + exclusive
    invoice["total_excluding_tax"] = invoice["total"] - exclusive - inclusive
    invoice["amount_due"] = max(0, invoice["total"] + invoice["starting_balance"])
    invoice["amount_remaining"] = invoice["amount_due"] - invoice["amount_paid"]


def _apply_discounts(tx: Transaction, invoice: Json, lines: list[Json]) -> None:
    for line in lines:
        line["discount_amounts"] = []
    totals = []
    for line in lines:
        totals += discounts.discount_lines(tx, [line], _coupons(tx, line["discounts"]))
    totals += discounts.discount_lines(tx, lines, _coupons(tx, invoice["discounts"]))
    for line in lines:
        line["pretax_credit_amounts"] = [{**each, "type": "discount"} for each in line["discount_amounts"]]
    invoice["total_discount_amounts"] = totals
    invoice["total_pretax_credit_amounts"] = [{**each, "type": "discount"} for each in totals]


def _coupons(tx: Transaction, discount_ids: list[str]) -> list[tuple[str, Json]]:
    return [(each, discounts.coupon_of(tx, tx.require("discount", each))) for each in map(id_of, discount_ids)]


def _apply_taxes(tx: Transaction, invoice: Json, lines: list[Json]) -> None:
    sums: dict[str, Json] = {}
    for line in lines:
        line["taxes"] = [_tax(line, rate) for rate in _rates(tx, line) or invoice["default_tax_rates"]]
        for tax in line["taxes"]:
            total = sums.setdefault(tax["tax_rate_details"]["tax_rate"], {**tax, "amount": 0, "taxable_amount": 0})
            total["amount"] += tax["amount"]
            total["taxable_amount"] += tax["taxable_amount"]
    invoice["total_taxes"] = list(sums.values())


def _rates(tx: Transaction, line: Json) -> list[Json]:
    return [tx.require("tax_rate", tax["tax_rate_details"]["tax_rate"]) for tax in line["taxes"]]


def _tax(line: Json, rate: Json) -> Json:
    net = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
    share = Fraction(str(rate["percentage"])) / 100
    amount = round_half_up(net * share / (1 + share) if rate["inclusive"] else net * share)
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "standard_rated",
        "taxable_amount": net - amount if rate["inclusive"] else net,
        "type": "tax_rate_details",
    }
