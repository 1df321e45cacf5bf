"""The example product: entries within the plan's limit, from a file and to one, and what they come to."""

import io
import threading
import uuid
from datetime import date

import pytest
from flask import Flask

from app.auth.models import User
from app.dashboard.product.csv_files import BadFile, read_entries
from app.dashboard.product.figures import Sum, figures_of
from app.dashboard.product.models import Entry
from app.database import db
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.needs("app/dashboard/product/routes.py")
WALL = "Your plan has no room for more entries"
TODAY = date(2026, 11, 26)
A_FILE = 'date,what,kind,amount\n2026-11-01,Invoice,in,"1,250.50"\n2026-11-02,Rent,OUT,850\n'


def give(person: Person, role: str) -> None:
    with person.app.app_context():
        db.session.execute(db.update(User).where(User.email == person.email).values(role=role))
        db.session.commit()


def add(person: Person, name: str = "A house", **headers: str):  # type: ignore[no-untyped-def]
    fields = {"kind": "in", "label": name, "amount": "12.50", "happened_on": date.today().isoformat()}
    fields["csrf_token"] = person.csrf_token("/account")
    return person.client.post("/dashboard", data=fields, headers=headers)


def names(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Entry.label).order_by(Entry.created_at)))


def test_entry_is_kept_and_listed(alice: Person) -> None:
    answer = add(alice, "  A   house ")

    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert names(alice.app) == ["A house"]
    assert "A house" in alice.get("/dashboard").text


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "\u202e"])
def test_name_that_cannot_be_shown_is_asked_for_again(alice: Person, name: str) -> None:
    answer = add(alice, name)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert names(alice.app) == []


def test_hostile_name_is_text(alice: Person) -> None:
    add(alice, "<script>alert(1)</script>")

    assert "<script>alert" not in alice.get("/dashboard").text


@pytest.mark.parametrize(("role", "kept"), [("free", 1), ("basic", 3), ("pro", 5)])
def test_plan_says_how_many_there_can_be(alice: Person, role: str, kept: int) -> None:
    give(alice, role)

    answers = [add(alice, f"Number {number}").status_code for number in range(5)]

    assert answers == [303] * kept + [403] * (5 - kept)
    assert len(names(alice.app)) == kept


def test_wall_names_the_limit_and_the_plans_with_more_room(alice: Person) -> None:
    add(alice)

    page = add(alice).text

    assert WALL in page
    assert all(words in page for words in ("Basic", "$9 a month or $90 a year", "Pro", "$199 once", "/pricing"))


def test_program_at_the_limit_is_told_the_same_as_json(alice: Person) -> None:
    give(alice, "basic")
    for number in range(3):
        add(alice, f"Number {number}")

    error = add(alice, Accept="application/json").get_json()["error"]

    assert (error["code"], error["limit"]) == ("upgrade_required", "entries")
    assert [plan["key"] for plan in error["plans"]] == ["pro", "lifetime"]
    assert error["plans"][0]["prices"][0] == {
        "amount": 2900,
        "currency": "usd",
        "interval": "month",
        "per_seat": False,
    }


def test_two_requests_at_once_cannot_both_take_the_last_place(alice: Person) -> None:
    token = alice.csrf_token("/account")
    cookie = alice.client.get_cookie("session")
    assert cookie is not None
    start = threading.Barrier(4)
    answers: list[int] = []

    def press() -> None:
        browser = alice.app.test_client()
        browser.set_cookie(cookie.key, cookie.value)
        start.wait()
        answers.append(
            browser.post(
                "/dashboard",
                data={
                    "csrf_token": token,
                    "kind": "in",
                    "label": "The last",
                    "amount": "1",
                    "happened_on": "2026-11-01",
                },
            ).status_code
        )

    presses = [threading.Thread(target=press) for _ in range(4)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()

    assert sorted(answers) == [303, 403, 403, 403]
    assert names(alice.app) == ["The last"]


def test_deleted_entry_makes_room(alice: Person) -> None:
    add(alice, "The first")
    with alice.app.app_context():
        entry_id = db.session.scalar(db.select(Entry.id))

    answer = alice.post(f"/dashboard/entries/{entry_id}/delete")

    assert answer.status_code == 303
    assert add(alice, "The second").status_code == 303
    assert names(alice.app) == ["The second"]


def test_somebody_elses_entry_is_not_found(alice: Person, bob: Person) -> None:
    add(alice)
    with alice.app.app_context():
        entry_id = db.session.scalar(db.select(Entry.id))

    assert bob.post(f"/dashboard/entries/{entry_id}/delete").status_code == 404
    assert bob.get(f"/dashboard/entries/{entry_id}").status_code == 404
    assert bob.post(f"/dashboard/entries/{entry_id}", label="Mine").status_code == 404
    assert bob.post(f"/dashboard/entries/{uuid.uuid4()}/delete").status_code == 404
    assert names(alice.app) == ["A house"]
    assert "A house" not in bob.get("/dashboard").text


def test_export_is_a_feature_of_some_plans(alice: Person) -> None:
    give(alice, "basic")
    refused = alice.get("/dashboard/entries.csv")
    give(alice, "pro")
    add(alice, "=1+1")

    export = alice.get("/dashboard/entries.csv")

    assert refused.status_code == 403
    assert "CSV export comes with another plan" in refused.text
    assert (export.status_code, export.mimetype) == (200, "text/csv")
    assert export.text.splitlines()[0] == "date,what,kind,amount"
    assert export.text.splitlines()[1].endswith(",'=1+1,in,12.50")


def test_program_without_the_feature_is_told_the_same_as_json(alice: Person) -> None:
    answer = alice.client.get("/dashboard/entries.csv", headers={"Accept": "application/json"})

    error = answer.get_json()["error"]
    assert answer.status_code == 403
    assert (error["code"], error["feature"]) == ("upgrade_required", "exports")
    assert [plan["key"] for plan in error["plans"]] == ["pro", "lifetime"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dashboard/entries.csv"),
        ("POST", "/dashboard"),
        ("POST", "/dashboard/import"),
        ("GET", f"/dashboard/entries/{uuid.UUID(int=1)}"),
        ("POST", f"/dashboard/entries/{uuid.UUID(int=1)}/delete"),
    ],
)
def test_signed_out_reader_is_led_to_login(app_with, method: str, path: str) -> None:
    browser = app_with().test_client()
    browser.application.config["WTF_CSRF_ENABLED"] = False

    answer = browser.open(path, method=method)

    assert answer.status_code in (302, 303)
    assert answer.location.startswith("/login")


def test_entries_are_in_the_copy_of_ones_data_and_go_with_the_account(alice: Person, catalogue: None) -> None:
    add(alice)
    copy = alice.get("/account/export").get_json()

    alice.post("/account/delete", page="/account/delete", current_password=PASSWORD)

    assert [entry["label"] for entry in copy["entries"]] == ["A house"]
    assert names(alice.app) == []


@pytest.mark.parametrize("amount", ["", "nothing", "0", "-5", "1.005", "1e99", "Infinity", "NaN"])
def test_amount_that_is_none_is_asked_for_again(alice: Person, amount: str) -> None:
    fields = {"kind": "in", "label": "A house", "amount": amount, "happened_on": "2026-11-01"}

    answer = alice.post("/dashboard", page="/account", **fields)

    assert answer.status_code == 422
    assert names(alice.app) == []


def test_entry_is_changed(alice: Person) -> None:
    add(alice)
    with alice.app.app_context():
        entry_id = db.session.scalar(db.select(Entry.id))
    path = f"/dashboard/entries/{entry_id}"
    shown = alice.get(path).text

    refused = alice.post(path, label="", kind="out", amount="7", happened_on="2026-11-02")
    changed = alice.post(path, label="A hut", kind="out", amount="$1,007", happened_on="2026-11-02")

    assert 'value="12.50"' in shown
    assert (refused.status_code, changed.status_code) == (422, 303)
    with alice.app.app_context():
        entry = db.session.scalars(db.select(Entry)).one()
        assert (entry.label, entry.signed, entry.happened_on) == ("A hut", -100700, date(2026, 11, 2))


def bring(person: Person, content: str | bytes):  # type: ignore[no-untyped-def]
    data = content.encode() if isinstance(content, str) else content
    fields = {"csrf_token": person.csrf_token("/account"), "file": (io.BytesIO(data), "entries.csv")}
    return person.client.post("/dashboard/import", data=fields, content_type="multipart/form-data")


def test_file_is_brought_in_and_what_was_written_out_comes_back_the_same(alice: Person) -> None:
    give(alice, "pro")

    answer = bring(alice, A_FILE)
    written = alice.get("/dashboard/entries.csv").text

    assert answer.status_code == 303
    entries = [(entry.label, entry.signed, entry.happened_on) for entry in read_entries(written.encode(), "usd")]
    assert entries == [("Rent", -85000, date(2026, 11, 2)), ("Invoice", 125050, date(2026, 11, 1))]


def test_file_larger_than_the_plan_is_refused_as_a_whole(alice: Person) -> None:
    answer = bring(alice, A_FILE)

    assert answer.status_code == 403
    assert WALL in answer.text
    assert names(alice.app) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "columns"),
        ("date,what,kind\n", "columns"),
        ("date,what,kind,amount\n", "no entry"),
        ("date,what,kind,amount\nyesterday,Rent,out,5\n", "Line 2: Write the date"),
        ("date,what,kind,amount\n2026-11-01,Rent,sideways,5\n", "Line 2: The kind"),
        ("date,what,kind,amount\n2026-11-01,Rent,out,much\n", "Line 2: Write the amount"),
        ("date,what,kind,amount\n2026-11-01,,out,5\n", "Line 2: Say what it was"),
        (b"\xff\xfe\x00", "not a CSV file"),
    ],
)
def test_file_that_cannot_be_read_says_why_and_leaves_nothing(alice: Person, content: str | bytes, words: str) -> None:
    give(alice, "pro")

    answer = bring(alice, content)

    assert answer.status_code == 422
    assert words in answer.text
    assert names(alice.app) == []


def test_file_without_an_end_is_refused() -> None:
    lines = "2026-11-01,Rent,out,5\n" * 2001

    with pytest.raises(BadFile, match="2,000"):
        read_entries(f"date,what,kind,amount\n{lines}".encode(), "usd")


@pytest.mark.parametrize(
    ("amounts", "sentence", "change"),
    [
        ([], "Nothing is written down for November yet.", "As in October"),
        ([("in", 451000), ("out", 296300)], "$4,510 came in. $1,547 is left to keep.", "+$1,547 on October"),
        ([("in", 100), ("out", 1300)], "$1 came in, and $12 more than that went out.", "\N{MINUS SIGN}$12 on October"),
    ],
)
def test_month_is_told_in_a_sentence(amounts: list[tuple[str, int]], sentence: str, change: str) -> None:
    figures = figures_of([Sum(TODAY, kind, amount) for kind, amount in amounts], [], TODAY, "usd")

    assert figures.sentence == sentence
    assert figures.figures[-1][2] == change
    assert [label for label, _, _ in figures.points][::11] == ["Dec", "Nov"]


def test_lines_and_everything_else_come_to_what_is_left() -> None:
    sums = [Sum(TODAY, "in", 5000), Sum(TODAY, "out", 1200)]

    figures = figures_of(sums, [("Invoice", 5000), ("Rent", -1000)], TODAY, "usd")

    assert figures.rows == (
        ("Invoice", "$50.00"),
        ("Rent", "\N{MINUS SIGN}$10.00"),
        ("Everything else", "\N{MINUS SIGN}$2.00"),
    )
    assert figures.total == ("Left", "$38.00")
