"""A checkout session as its page tells it: what is bought, what is due today, what comes later."""

from dataclasses import dataclass

from stripe_emulator.hosted.checkout.form import needs_payment_method
from stripe_emulator.hosted.money import format_amount, format_interval, format_price
from stripe_emulator.hosted.portal.words import product_name
from stripe_emulator.hosted.templating import format_day
from stripe_emulator.store import Json, Transaction

DAY = 24 * 3600


@dataclass(frozen=True)
class Row:
    """One line of the order."""

    name: str
    amount: str
    detail: str = ""


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


def summarize(
    tx: Transaction, session: Json, items: list[Json], trial_end: int | None, code: str | None
) -> Order:
    """Put a session into words."""
    recurring = next((item["price"] for item in items if item["price"].get("recurring")), None)
    name = product_name(tx, (recurring or items[0]["price"])) if items else "your order"
    later = sum(item["amount_subtotal"] for item in items if item["price"].get("recurring"))
    then = format_price({**recurring, "unit_amount": later}) if recurring else ""
    verb, button, busy = _words(session, trial_end)
    return Order(
        heading=f"{verb} {name}",
        price=_price(session, trial_end, then, items),
        rhythm="" if trial_end or not recurring else format_interval(recurring["recurring"]),
        terms=_terms(session, trial_end, then),
        lines=[_line(tx, item, trial_end) for item in items],
        adjustments=_adjustments(session, code),
        due_today=format_amount(session["amount_total"], session["currency"]),
        button=button,
        busy=busy,
        promise=_promise(session, trial_end, then),
        needs_payment_method=needs_payment_method(session),
        takes_codes=bool(session["allow_promotion_codes"]),
        code=code,
    )


def days_left(tx: Transaction, session: Json, trial_end: int) -> int:
    """Return how many whole days a trial lasts."""
    return round((trial_end - tx.now(session)) / DAY)


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


def _price(session: Json, trial_end: int | None, then: str, items: list[Json]) -> str:
    if trial_end and then:
        text = "Free today"
    elif then:
        recurring = sum(item["amount_subtotal"] for item in items if item["price"].get("recurring"))
        text = format_amount(recurring, session["currency"])
    else:
        text = format_amount(session["amount_total"], session["currency"])
    return text


def _terms(session: Json, trial_end: int | None, then: str) -> str:
    if not trial_end:
        return ""
    return f"Nothing is due for the trial. From {format_day(trial_end)} it is {then}."


def _promise(session: Json, trial_end: int | None, then: str) -> str:
    if session["mode"] != "subscription":
        promise = ""
    elif trial_end:
        promise = (
            f"The first charge is on {format_day(trial_end)}. Cancel before then and nothing is charged."
        )
    else:
        promise = f"{then}, until you cancel."
    return promise


def _line(tx: Transaction, item: Json, trial_end: int | None) -> Row:
    price, quantity = item["price"], item["quantity"] or 1
    name = product_name(tx, price)
    recurring = price.get("recurring")
    free = bool(trial_end and recurring)
    amount = 0 if free else item["amount_subtotal"]
    details = [f"Quantity {quantity}"] if quantity > 1 else []
    if free:
        details.append(f"Then {format_price(price, quantity)}")
    elif recurring:
        details.append(f"Billed {format_interval(recurring)}")
    return Row(name, format_amount(amount, item["currency"]), ". ".join(details))


def _adjustments(session: Json, code: str | None) -> list[Row]:
    totals, currency = session["total_details"] or {}, session["currency"]
    rows = []
    if totals.get("amount_discount"):
        rows.append(
            Row(
                "Discount",
                format_amount(-totals["amount_discount"], currency),
                f"Code {code}" if code else "",
            )
        )
    if totals.get("amount_tax"):
        rows.append(Row("Tax", format_amount(totals["amount_tax"], currency)))
    return rows
