"""An invoice set as a printed page."""

import textwrap

from stripe_emulator.hosted import pdf
from stripe_emulator.hosted.money import format_amount
from stripe_emulator.hosted.pdf import MARGIN, WIDTH, Page
from stripe_emulator.hosted.templating import format_day, in_words
from stripe_emulator.state.store import Json

RIGHT = WIDTH - MARGIN
LINES_PER_PAGE = 30


def invoice_pdf(invoice: Json, merchant: str) -> bytes:
    """Return the invoice as a PDF."""
    title = f"Invoice {invoice['number'] or invoice['id']}"
    rows = [row for line in invoice["lines"]["data"] for row in _rows(line)]
    chunks = [rows[start : start + LINES_PER_PAGE] for start in range(0, len(rows), LINES_PER_PAGE)] or [[]]
    pages = []
    for number, chunk in enumerate(chunks, start=1):
        page, y = Page(), 190.0
        _heading(page, invoice, merchant, title)
        for text, amount in chunk:
            page.text(MARGIN, y, text)
            page.figure(RIGHT, y, amount)
            y += 17
        if number == len(chunks):
            _totals(page, invoice, y)
        page.text(MARGIN, 800, f"Made by the Stripe emulator: no money moved. Page {number} of {len(chunks)}.", 8)
        pages.append(page)
    return pdf.render(pages, title)


def _rows(line: Json) -> list[tuple[str, str]]:
    parts = textwrap.wrap(line["description"] or "", 72) or [""]
    amount = format_amount(line["amount"], line["currency"])
    return [(part, amount if index == 0 else "") for index, part in enumerate(parts)]


def _heading(page: Page, invoice: Json, merchant: str, title: str) -> None:
    page.text(MARGIN, 76, title, 20, "serif")
    page.text(MARGIN, 104, merchant, 11, "bold")
    page.text(MARGIN, 120, f"{format_day(invoice['created'])} · {in_words(invoice['status'])}")
    page.text(MARGIN, 142, "For")
    customer = invoice["customer_name"] or invoice["customer_email"] or invoice["customer"]
    page.text(MARGIN + 26, 142, str(customer), 10, "bold")
    page.rule(168)


def _totals(page: Page, invoice: Json, y: float) -> None:
    discount = sum(each["amount"] for each in invoice["total_discount_amounts"] or [])
    tax = sum(each["amount"] for each in invoice["total_taxes"] or [])
    rows = [
        ("Subtotal", invoice["subtotal"]),
        ("Discount", -discount),
        ("Tax", tax),
        ("Total", invoice["total"]),
    ]
    rows += [("Paid", invoice["amount_paid"])]
    page.rule(y - 4)
    y += 12
    for name, amount in rows:
        if amount or name in ("Total", "Paid"):
            page.text(MARGIN, y, name, 10, "bold" if name == "Total" else "text")
            page.figure(
                RIGHT,
                y,
                format_amount(amount, invoice["currency"]),
                10,
                "bold" if name == "Total" else "text",
            )
            y += 17
    page.rule(y - 8)
    page.rule(y - 5)
