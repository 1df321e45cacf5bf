"""Every mail is a pair, says one thing, and survives a context with nothing optional in it."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

FOLDER = Path(__file__).parents[2] / "templates" / "mail"
NAMES = sorted(file.stem for file in FOLDER.glob("*.txt") if file.stem != "base")
LEAST = {
    "user_email": "alice@example.com",
    "code": "123456",
    "url": "https://app.example/account",
    "new_email": "alice@new.example",
    "plan_name": "Pro",
    "amount": 2900,
    "currency": "usd",
    "date": "2026-12-20T09:00:00+00:00",
}
FULL = LEAST | {
    "link": "https://app.example/link",
    "hosted_invoice_url": "https://invoice.stripe.com/i/1",
    "interval": "month",
    "trial_days": 14,
    "next_attempt_at": "2026-12-22T09:00:00+00:00",
    "access_until": "2026-12-27T09:00:00+00:00",
    "card_brand": "visa",
    "card_last4": "4242",
    "receipt_number": "73F1D8E6-0001",
}


def test_each_text_part_has_its_html_part() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.html") if file.stem != "base") == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("context", [LEAST, FULL, FULL | {"trial_days": 0}], ids=["least", "trial", "full"])
def test_mails_render_with_and_without_what_is_optional(app: Flask, name: str, context: dict[str, Any]) -> None:
    with app.app_context():
        text = app.jinja_env.get_template(f"mail/{name}.txt").make_module(context)
        html = app.jinja_env.get_template(f"mail/{name}.html").render(context)

    assert 10 < len(str(text.subject)) < 70  # type: ignore[attr-defined]
    assert "None" not in str(text) + html
    assert "&#39;" not in str(text)
    assert "<h1" in html


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("context", [LEAST, FULL, FULL | {"trial_days": 0}], ids=["least", "trial", "full"])
def test_sentences_and_paragraphs_keep_apart_in_both_parts(app: Flask, name: str, context: dict[str, Any]) -> None:
    """A tag of Jinja at a line's end takes the line break with it, which is for the eye and for who reads the text."""
    with app.app_context():
        text = str(app.jinja_env.get_template(f"mail/{name}.txt").make_module(context))
        html = app.jinja_env.get_template(f"mail/{name}.html").render(context)
    lines = text.splitlines()
    alone = [number for number, line in enumerate(lines) if line == "--" or re.fullmatch(r"https?://\S+", line)]

    assert re.findall(r"\w[.!?:][A-Z]\w*", re.sub(r"<[^>]*>|https?://\S+", "", text + html)) == []
    assert [lines[number] for number in alone if lines[number - 1]] == []
    assert "\n\n\n" not in text.strip()


@pytest.mark.parametrize("name", NAMES)
def test_both_parts_lead_to_the_same_place(app: Flask, name: str) -> None:
    with app.app_context():
        text = str(app.jinja_env.get_template(f"mail/{name}.txt").make_module(FULL))
        html = app.jinja_env.get_template(f"mail/{name}.html").render(FULL)
    places = [FULL["link"], FULL["hosted_invoice_url"]]

    assert [str(place) in text for place in places] == [str(place) in html for place in places]


@pytest.mark.parametrize("name", sorted(file.stem for file in (FOLDER / "ledgers").glob("*.txt")))
def test_both_parts_have_the_same_ledger_with_its_total(app: Flask, name: str) -> None:
    with app.app_context():
        text = str(app.jinja_env.get_template(f"mail/{name}.txt").make_module(FULL))
        html = app.jinja_env.get_template(f"mail/{name}.html").render(FULL)
    rows = re.findall(r">([^<>]+)</td><td[^>]*>([^<>]+)</td>", html)

    assert len(rows) >= 3
    assert [re.split(r" \.{3,} ", line) for line in text.splitlines() if " ..." in line] == [list(row) for row in rows]
    assert rows[-1][1] == "$29.00"


def test_what_pays_and_the_receipt_stand_in_the_confirmation(app: Flask) -> None:
    with app.app_context():
        text = str(app.jinja_env.get_template("mail/order_confirmed.txt").make_module(FULL))

    assert "Visa ending in 4242" in text
    assert "73F1D8E6-0001" in text


def test_a_hostile_name_is_text_in_both_parts(app: Flask) -> None:
    context = FULL | {"plan_name": "<script>alert(1)</script>"}

    with app.app_context():
        html = app.jinja_env.get_template("mail/payment_failed.html").render(context)

    assert "<script>" not in html
