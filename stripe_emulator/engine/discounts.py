"""Discounts: coupons and promotion codes as they are redeemed, and what they take off."""

from fractions import Fraction

from stripe_emulator import ids
from stripe_emulator.api import errors
from stripe_emulator.documents import Json, id_of
from stripe_emulator.engine.money import format_amount, round_half_up
from stripe_emulator.engine.periods import add_months
from stripe_emulator.transaction import Transaction


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
        _check_promotion_code(tx, promotion_code, f"{param}[promotion_code]")
        coupon = tx.get("coupon", id_of(promotion_code["promotion"]["coupon"]))
    else:
        coupon = tx.get("coupon", given.get("coupon", ""))
    if coupon is None:
        raise _missing("coupon", given.get("coupon", ""), f"{param}[coupon]")
    _check_coupon(tx, coupon, f"{param}[coupon]")
    return coupon, promotion_code


def find_promotion_code(tx: Transaction, code: str) -> Json | None:
    """Return the active promotion code a customer typed, in whatever case."""
    wanted = code.strip().lower()
    return next(
        (each for each in tx.find("promotion_code") if each["active"] and each["code"].lower() == wanted),
        None,
    )


def check_restrictions(tx: Transaction, promotion_code: Json, customer: str | None, amount: int, currency: str) -> None:
    """Refuse a promotion code to those it is not meant for."""
    restrictions = promotion_code["restrictions"]
    minimum = restrictions.get("minimum_amount")
    meant_for = id_of(promotion_code["customer"])
    if meant_for and meant_for != customer:
        raise errors.invalid_request(
            "This promotion code cannot be redeemed by this customer.",
            code="promotion_code_customer_mismatch",
        )
    if minimum and restrictions.get("minimum_amount_currency") == currency and amount < minimum:
        text = format_amount(minimum, currency)
        raise errors.invalid_request(
            f"This promotion code requires a minimum purchase of {text}.",
            code="promotion_code_minimum_amount",
        )
    if restrictions.get("first_time_transaction") and customer and _has_paid(tx, customer):
        raise errors.invalid_request(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            code="promotion_code_first_time_transaction",
        )


def redeem(tx: Transaction, given: Json, *, customer: str | None, param: str, **belongs_to: str | None) -> Json:
    """Create the discount for `{coupon}`, `{promotion_code}` or an existing `{discount}`."""
    if given.get("discount"):
        return tx.require("discount", given["discount"], f"{param}[discount]")
    coupon, promotion_code = resolve(tx, given, param)
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
    if customer:
        tx.emit("customer.discount.created", discount)
    return discount


def redeem_all(
    tx: Transaction, given: list[Json] | str | None, *, customer: str | None, **belongs_to: str | None
) -> list[str]:
    """Create a discount for each entry of a `discounts` parameter and return their ids."""
    entries = given if isinstance(given, list) else []
    return [
        redeem(tx, entry, customer=customer, param=f"discounts[{index}]", **belongs_to)["id"]
        for index, entry in enumerate(entries)
    ]


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
        shares = _shares(lines, coupon)
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


def _shares(lines: list[Json], coupon: Json) -> list[int]:
    remaining = [_discountable(line, coupon) for line in lines]
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


def _discountable(line: Json, coupon: Json) -> int:
    products = (coupon.get("applies_to") or {}).get("products")
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


def _check_promotion_code(tx: Transaction, promotion_code: Json, param: str) -> None:
    expired = promotion_code["expires_at"] is not None and promotion_code["expires_at"] <= tx.now()
    if expired or not promotion_code["active"]:
        raise errors.invalid_request("This promotion code is no longer active.", param, "promotion_code_expired")


def _has_paid(tx: Transaction, customer: str) -> bool:
    return any(charge["paid"] for charge in tx.find("charge", customer=customer))


def _missing(name: str, id: str, param: str) -> errors.InvalidRequest:
    return errors.invalid_request(f"No such {name}: '{id}'", param, "resource_missing")
