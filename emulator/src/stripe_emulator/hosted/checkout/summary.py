"""A checkout session as its page tells it: what is bought, what is due today, what comes later."""

from dataclasses import dataclass, replace

from stripe_emulator.engine.checkout.checkout import needs_payment_method
from stripe_emulator.hosted.money import format_amount, format_interval, format_price
from stripe_emulator.hosted.portal.words import product_name
from stripe_emulator.hosted.templating import format_day
from stripe_emulator.state.store import Json, Transaction


@dataclass(frozen=True)
class Row:
    """One line of the order."""

    name: str
    amount: str
    detail: str = ""
    #: Where the buyer may change how many there are: the item and what they may say.
    item_id: str = ""
    quantity: int = 1
    least: int = 1
    most: int = 1


@dataclass(frozen=True)
class Order:
    """Everything the page says about the order."""

    heading: str
    price: str
    rhythm: str
    terms: str
    lines: list[Row]
    adjustments: list[Row]
    due_today: str
    button: str
    busy: str
    promise: str
    needs_payment_method: bool
    takes_codes: bool
    code: str | None


@dataclass(frozen=True)
class Discount:
    """A coupon, and the promotion code that was typed for it."""

    coupon: Json
    code: str | None


@dataclass(frozen=True)
class Later:
    """What is charged after today: how much, how often, and from when."""

    amount: int
    price: str
    rhythm: str
    trial_end: int | None


def summarize(
    tx: Transaction, session: Json, items: list[Json], trial_end: int | None, discount: Discount | None
) -> Order:
    """Put a session into words."""
    later = _later(items, trial_end, discount)
    verb, button, busy = _words(session, trial_end)
    code = discount.code if discount else None
    return Order(
        heading=f"{verb} {_name(tx, items)}",
        price="Free today" if trial_end else format_amount(_undiscounted(session, items), session["currency"]),
        rhythm=later.rhythm if later and not trial_end else "",
        terms=f"Nothing is due for the trial. From {format_day(trial_end)} it is {later.price}."
        if later and trial_end
        else "",
        lines=[_line(tx, item, trial_end) for item in items],
        adjustments=_adjustments(session, discount),
        due_today=format_amount(session["amount_total"], session["currency"]),
        button=_button(button, session, later),
        busy=busy,
        promise=_promise(later, discount),
        needs_payment_method=needs_payment_method(session),
        takes_codes=bool(session["allow_promotion_codes"]),
        code=code,
    )


def _name(tx: Transaction, items: list[Json]) -> str:
    if not items:
        return "later"
    first = next((item for item in items if item["price"]["recurring"]), items[0])
    return product_name(tx, first["price"])


def _later(items: list[Json], trial_end: int | None, discount: Discount | None) -> Later | None:
    recurring = [item for item in items if item["price"]["recurring"]]
    if not recurring:
        return None
    lasting = discount is not None and discount.coupon["duration"] == "forever"
    amount = sum(item["amount_total" if lasting else "amount_subtotal"] for item in recurring)
    price = recurring[0]["price"]
    due = {**price, "unit_amount": amount, "currency": recurring[0]["currency"]}
    return Later(amount, format_price(due), format_interval(price["recurring"]), trial_end)


def _undiscounted(session: Json, items: list[Json]) -> int:
    recurring = [item["amount_subtotal"] for item in items if item["price"]["recurring"]]
    return sum(recurring) if recurring else session["amount_total"] or 0


def _words(session: Json, trial_end: int | None) -> tuple[str, str, str]:
    if session["mode"] == "setup":
        words = ("Save a payment method for", "Save", "Saving…")
    elif session["mode"] == "payment":
        words = ("Pay for", "Pay", "Working…")
    elif trial_end:
        words = ("Try", "Start trial", "Starting…")
    else:
        words = ("Subscribe to", "Subscribe", "Working…")
    return words


def _button(verb: str, session: Json, later: Later | None) -> str:
    """Say what is paid, if each later payment is as high as today's."""
    if verb != "Subscribe" or later is None or later.amount != session["amount_total"]:
        return verb
    rhythm = later.rhythm.replace("per ", "a ", 1)
    return f"{verb} for {format_amount(later.amount, session['currency'])} {rhythm}"


def _promise(later: Later | None, discount: Discount | None) -> str:
    coupon = discount.coupon if discount else {"duration": "forever"}
    if later is None:
        promise = ""
    elif later.trial_end:
        promise = f"The first charge is on {format_day(later.trial_end)}. Cancel before then and nothing is charged."
    elif coupon["duration"] == "once":
        promise = f"After the first payment {later.price}, until you cancel."
    elif coupon["duration"] == "repeating":
        promise = f"After {coupon['duration_in_months']} months {later.price}, until you cancel."
    else:
        promise = f"{later.price}, until you cancel."
    return promise


def _line(tx: Transaction, item: Json, trial_end: int | None) -> Row:
    price, quantity = item["price"], item["quantity"] or 1
    name = product_name(tx, price)
    recurring = price.get("recurring")
    free = bool(trial_end and recurring)
    amount = 0 if free else item["amount_subtotal"]
    details = [f"Quantity {quantity}"] if quantity > 1 else []
    if free:
        due = {**price, "unit_amount": item["amount_subtotal"], "currency": item["currency"]}
        details.append(f"Then {format_price(due)}")
    elif recurring:
        details.append(f"Billed {format_interval(recurring)}")
    row = Row(name, format_amount(amount, item["currency"]), ". ".join(details))
    limits = item["adjustable_quantity"]
    if not limits:
        return row
    least, most = max(limits["minimum"], 1), limits["maximum"]
    return replace(row, item_id=item["id"], quantity=quantity, least=least, most=most)


def _adjustments(session: Json, discount: Discount | None) -> list[Row]:
    totals, currency = session["total_details"] or {}, session["currency"]
    rows = []
    if totals.get("amount_discount"):
        rows.append(
            Row(
                "Discount",
                format_amount(-totals["amount_discount"], currency),
                f"Code {discount.code}" if discount and discount.code else "",
            )
        )
    if totals.get("amount_tax"):
        rows.append(Row("Tax", format_amount(totals["amount_tax"], currency)))
    return rows
