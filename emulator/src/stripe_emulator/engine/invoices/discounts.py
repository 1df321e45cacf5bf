"""Discounts: coupons and promotion codes as they are redeemed, and what they take off."""

from collections.abc import Sequence
from fractions import Fraction

from stripe_emulator.api import errors
from stripe_emulator.engine import timers
from stripe_emulator.engine.checkout import promotion_codes
from stripe_emulator.engine.money import round_half_up
from stripe_emulator.engine.subscriptions.periods import add_months
from stripe_emulator.state import ids
from stripe_emulator.state.clock import test_clock_of
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.events import changed_fields
from stripe_emulator.state.transaction import Transaction


def coupon_of(tx: Transaction, discount: Json) -> Json:
    """Return the coupon of a discount, as it was when it was deleted if it is gone."""
    coupon_id = id_of(discount["source"]["coupon"])
    return tx.get("coupon", coupon_id) or tx.hidden("discount", discount["id"])["coupon"]


def resolve(tx: Transaction, given: Json, param: str) -> tuple[Json, Json | None]:
    """Return the coupon, and the promotion code, that `{coupon}` or `{promotion_code}` names."""
    promotion_code: Json | None = None
    if given.get("promotion_code"):
        code_id = given["promotion_code"]
        promotion_code = tx.get("promotion_code", code_id)
        if promotion_code is None:
            raise _missing("promotion code", code_id, f"{param}[promotion_code]")
        promotion_codes.check_active(tx, promotion_code, f"{param}[promotion_code]")
        coupon = tx.get("coupon", id_of(promotion_code["promotion"]["coupon"]))
    else:
        coupon = tx.get("coupon", given.get("coupon", ""))
    if coupon is None:
        raise _missing("coupon", given.get("coupon", ""), f"{param}[coupon]")
    _check_coupon(tx, coupon, f"{param}[coupon]")
    return coupon, promotion_code


def redeem(
    tx: Transaction,
    given: Json,
    *,
    customer: str | None,
    param: str,
    instead_of: Json | None = None,
    currency: str | None = None,
    **belongs_to: str | None,
) -> Json:
    """Create the discount for `{coupon}`, `{promotion_code}` or an existing `{discount}`, and tell of it."""
    if given.get("discount"):
        return tx.require("discount", given["discount"], f"{param}[discount]")
    coupon, promotion_code = resolve(tx, given, param)
    _check_currency(coupon, currency, param)
    # In Checkout this was asked before the payment, which would count as an earlier one now.
    if promotion_code and not belongs_to.get("checkout_session"):
        promotion_codes.check_restrictions(tx, promotion_code, customer)
    start = tx.now({"customer": customer})
    months = coupon["duration_in_months"]
    discount: Json = {
        "id": ids.new_id("discount"),
        "object": "discount",
        "customer": customer,
        "end": add_months(start, months) if coupon["duration"] == "repeating" else None,
        "promotion_code": promotion_code["id"] if promotion_code else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": start,
        **belongs_to,
    }
    tx.insert(discount)
    tx.set_hidden("discount", discount["id"], {"coupon": coupon})
    for redeemed in filter(None, (coupon, promotion_code)):
        tx.save(_count_redemption(redeemed))
    if discount["end"]:
        clock = test_clock_of(tx, discount)
        timers.set_timer(tx, "end_discount", discount["id"], discount["end"], clock["id"] if clock else None)
    if customer and instead_of:
        tx.emit("customer.discount.updated", discount, previous=changed_fields(instead_of, discount))
    elif customer:
        tx.emit("customer.discount.created", discount)
    return discount


def redeem_all(
    tx: Transaction,
    given: list[Json] | str | None,
    *,
    customer: str | None,
    held: Sequence[str] = (),
    currency: str | None = None,
    **belongs_to: str | None,
) -> list[str]:
    """Create a discount for each entry of a `discounts` parameter and return their ids; they replace those held."""
    entries = given if isinstance(given, list) else []
    kept = {entry.get("discount") for entry in entries}
    leaving = [tx.require("discount", each) for each in held if each not in kept]
    found = []
    for index, entry in enumerate(entries):
        instead_of = leaving.pop(0) if leaving and not entry.get("discount") else None
        param = f"discounts[{index}]"
        shared = {"customer": customer, "currency": currency, **belongs_to}
        found.append(redeem(tx, entry, param=param, instead_of=instead_of, **shared)["id"])
    for discount in leaving:
        tx.emit("customer.discount.deleted", discount)
    return found


def check(tx: Transaction, given: Json, currency: str, param: str) -> None:
    """Refuse what cannot be redeemed for something in this currency; nothing is redeemed yet."""
    if not given.get("discount"):
        coupon, _ = resolve(tx, given, param)
        _check_currency(coupon, currency, param)


def is_over(tx: Transaction, discount_id: str, now: int) -> bool:
    """Tell whether the discount no longer counts."""
    discount = tx.get("discount", discount_id)
    return discount is None or (discount["end"] is not None and discount["end"] <= now)


def lasts_once(tx: Transaction, discount_id: str) -> bool:
    """Tell whether the discount is for one invoice only."""
    return bool(coupon_of(tx, tx.require("discount", discount_id))["duration"] == "once")


def discount_lines(tx: Transaction, lines: list[Json], coupons: list[tuple[str, Json]]) -> list[Json]:
    """Take each coupon off the lines, one after the other; return the totals by discount id."""
    totals = []
    for discount_id, coupon in coupons:
        shares = _shares(tx, lines, coupon)
        for line, amount in zip(lines, shares, strict=True):
            if amount:
                line["discount_amounts"].append({"amount": amount, "discount": discount_id})
        totals.append({"amount": sum(shares), "discount": discount_id})
    return totals


def percent_off(tx: Transaction, discount_ids: list[str]) -> Fraction:
    """Return the share that several percentage discounts leave to pay."""
    left = Fraction(1)
    for discount_id in discount_ids:
        coupon = coupon_of(tx, tx.require("discount", discount_id))
        if coupon["percent_off"] and coupon["duration"] != "once":
            left *= 1 - Fraction(str(coupon["percent_off"])) / 100
    return left


def _shares(tx: Transaction, lines: list[Json], coupon: Json) -> list[int]:
    remaining = [_discountable(tx, line, coupon) for line in lines]
    if coupon["percent_off"]:
        rate = Fraction(str(coupon["percent_off"])) / 100
        return [round_half_up(amount * rate) for amount in remaining]
    left = min(coupon["amount_off"] or 0, sum(remaining))
    total, shares = sum(remaining), []
    for amount in remaining:
        share = round_half_up(Fraction(left * amount, total)) if total else 0
        shares.append(share)
        left, total = left - share, total - amount
    return shares


def _discountable(tx: Transaction, line: Json, coupon: Json) -> int:
    products = (tx.hidden("coupon", coupon["id"]).get("applies_to") or {}).get("products")
    price = (line.get("pricing") or {}).get("price_details") or {}
    if not line["discountable"] or (products and price.get("product") not in products):
        return 0
    taken: int = sum(each["amount"] for each in line["discount_amounts"])
    return max(0, int(line["amount"]) - taken)


def _count_redemption(redeemed: Json) -> Json:
    redeemed["times_redeemed"] += 1
    if redeemed["max_redemptions"] and redeemed["times_redeemed"] >= redeemed["max_redemptions"]:
        redeemed["valid" if redeemed["object"] == "coupon" else "active"] = False
    return redeemed


def _check_coupon(tx: Transaction, coupon: Json, param: str) -> None:
    expired = coupon["redeem_by"] is not None and coupon["redeem_by"] <= tx.now()
    if expired or not coupon["valid"]:
        raise errors.invalid_request(f"Coupon {coupon['id']} is expired or used up.", param, "coupon_expired")


def _check_currency(coupon: Json, currency: str | None, param: str) -> None:
    if coupon["amount_off"] and currency and coupon["currency"] != currency:
        raise errors.invalid_request(
            f"The coupon `{coupon['id']}` takes an amount in {coupon['currency']} off; it cannot be applied to "
            f"{currency}.",
            f"{param}[coupon]",
        )


def _missing(name: str, id: str, param: str) -> errors.InvalidRequest:
    return errors.invalid_request(f"No such {name}: '{id}'", param, "resource_missing")
