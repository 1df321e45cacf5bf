"""An invoice set as a printed page."""

import re
import textwrap
from dataclasses import dataclass

from stripe_emulator.hosted import pdf
from stripe_emulator.hosted.money import format_amount
from stripe_emulator.hosted.pdf import MARGIN, WIDTH, Page
from stripe_emulator.hosted.templating import format_day
from stripe_emulator.state.store import Json

RIGHT = WIDTH - MARGIN
MIDDLE, QUANTITY, UNIT_PRICE = 300.0, 388.0, 466.0
FIRST_ROW, LAST_ROW = 340.0, 660.0
ROW, PERIOD_ROW = 15, 19
# "1 x Pro (at $29.00 / month)" is "Pro" here: quantity and price have columns of their own.
COUNTED = re.compile("\\d+ \N{MULTIPLICATION SIGN} (.+) \\(at .+\\)")


@dataclass(frozen=True)
class Parties:
    """Who sells, in lines of text, and what the invoice was paid with, if it was."""

    seller: list[str]
    method: str = ""


def invoice_pdf(invoice: Json, parties: Parties) -> bytes:
    """Return the invoice as a PDF: seller and buyer, each line with its quantity and period, the sum and the card."""
    title = f"Invoice {invoice['number'] or invoice['id']}"
    pages = [Page()]
    y = _heading(pages[0], invoice, parties, title)
    for line in invoice["lines"]["data"]:
        if y > LAST_ROW:
            pages.append(Page())
            y = _columns(pages[-1], 76)
        y = _line(pages[-1], line, y)
    _totals(pages[-1], invoice, parties, y)
    for number, page in enumerate(pages, start=1):
        page.text(MARGIN, 800, f"Made by the Stripe emulator: no money moved. Page {number} of {len(pages)}.", 8)
    return pdf.render(pages, title)


def _heading(page: Page, invoice: Json, parties: Parties, title: str) -> float:
    page.text(MARGIN, 76, title, 20, "serif")
    facts = [("Date", format_day(invoice["status_transitions"]["finalized_at"] or invoice["created"]))]
    paid_at = invoice["status_transitions"]["paid_at"]
    if invoice["due_date"] and not paid_at:
        facts.append(("Due", format_day(invoice["due_date"])))
    for index, (name, value) in enumerate(facts):
        page.text(MARGIN, 104 + ROW * index, name)
        page.text(MARGIN + 40, 104 + ROW * index, value)
    _party(page, MARGIN, "From", parties.seller)
    _party(page, MIDDLE, "To", _buyer(invoice))
    amount = format_amount(invoice["amount_due"], invoice["currency"])
    told = f"{amount} paid on {format_day(paid_at)}" if paid_at else f"{amount} due"
    page.text(MARGIN, FIRST_ROW - 56, told, 15, "serif")
    return _columns(page, FIRST_ROW - 26)


def _party(page: Page, x: float, name: str, lines: list[str]) -> None:
    page.text(x, 156, name)
    for index, line in enumerate(lines[:7]):
        page.text(x, 172 + 14 * index, line, 10, "text" if index else "bold")


def _buyer(invoice: Json) -> list[str]:
    named = [invoice["customer_name"], invoice["customer_email"]]
    lines = [str(each) for each in named if each] or [str(invoice["customer"])]
    tax_ids = [f"Tax ID {each['value']}" for each in invoice["customer_tax_ids"] or []]
    return [*lines, *address_lines(invoice["customer_address"]), *tax_ids]


def address_lines(address: Json | None) -> list[str]:
    """Write a postal address as lines; none for what is not known."""
    if not address:
        return []
    town = " ".join(str(each) for each in (address.get("postal_code"), address.get("city")) if each)
    parts = (address.get("line1"), address.get("line2"), town, address.get("state"), address.get("country"))
    return [str(each) for each in parts if each]


def _columns(page: Page, y: float) -> float:
    page.text(MARGIN, y, "Description", 9)
    for place, name in ((QUANTITY, "Qty"), (UNIT_PRICE, "Unit price"), (RIGHT, "Amount")):
        page.figure(place, y, name, 9)
    page.rule(y + 8)
    return y + 26


def _line(page: Page, line: Json, y: float) -> float:
    unit = line["pricing"]["unit_amount_decimal"] if line.get("pricing") else None
    page.figure(QUANTITY, y, str(line["quantity"] or ""))
    page.figure(UNIT_PRICE, y, format_amount(round(float(unit)), line["currency"]) if unit else "")
    page.figure(RIGHT, y, format_amount(line["amount"], line["currency"]))
    counted = COUNTED.fullmatch(line["description"] or "")
    for part in textwrap.wrap(counted[1] if counted else line["description"] or "", 52) or [""]:
        page.text(MARGIN, y, part)
        y += ROW
    start, end = line["period"]["start"], line["period"]["end"]
    page.text(MARGIN, y, format_day(start) if start == end else f"{format_day(start)} to {format_day(end)}", 8)
    return y + PERIOD_ROW


def _totals(page: Page, invoice: Json, parties: Parties, y: float) -> None:
    discount = sum(each["amount"] for each in invoice["total_discount_amounts"] or [])
    tax = sum(each["amount"] for each in invoice["total_taxes"] or [])
    parts = [
        ("Subtotal", invoice["subtotal"]),
        ("Discount", -discount),
        ("Tax", tax),
        ("Balance from before", invoice["starting_balance"]),
    ]
    page.rule(y - 8)
    y += 8
    for name, amount in parts:
        if amount:
            y = _sum(page, name, amount, invoice["currency"], y)
    total = "Total" if invoice["status"] == "paid" else "Total due"
    y = _sum(page, total, invoice["amount_due"], invoice["currency"], y, "bold")
    page.rule(y - 10, left=MIDDLE)
    page.rule(y - 7, left=MIDDLE)
    if invoice["status"] == "paid":
        page.text(MIDDLE, y + 10, f"Paid with {parties.method}" if parties.method else "Paid")
        page.figure(RIGHT, y + 10, format_amount(invoice["amount_paid"], invoice["currency"]))


def _sum(page: Page, name: str, amount: int, currency: str, y: float, font: str = "text") -> float:
    page.text(MIDDLE, y, name, 10, font)
    page.figure(RIGHT, y, format_amount(amount, currency), 10, font)
    return y + 17
