"""Lists are filtered, sorted, counted and read page by page, and begin at once however long they are."""

import csv
import html
import re
import tracemalloc
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.database import db, utcnow
from tests.people import Person

DAY = timedelta(days=1)


def add(app: Flask, *rows: object) -> None:
    with app.app_context():
        db.session.add_all(rows)
        db.session.commit()


def someone(name: str, **columns: object) -> User:
    return User(email=f"{name}@example.com", password_hash="x", **{"email_verified_at": utcnow(), **columns})


def names_on(olga: Person, address: str) -> list[str]:
    """Who is listed, without the operator, over all pages."""
    return [name for name in walked(olga, address, r'users/[^"]+">([^@<]+)@') if name != "olga"]


def walked(olga: Person, address: str | None, pattern: str) -> Iterator[str]:
    while address:
        page = olga.get(address).text
        yield from re.findall(pattern, page.partition("<tbody>")[2].partition("</tbody>")[0])
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(older[1]) if older else None


@pytest.fixture
def people(app: Flask, catalogue: None) -> None:
    now = utcnow()
    with app.app_context():
        scope = current_scope()
    late = someone("late", role="pro", plan_key="pro", id=uuid.uuid4(), created_at=now - 9 * DAY)
    add(
        app,
        someone("new", email_verified_at=None, created_at=now - DAY, last_seen_at=now - DAY),
        someone("shut", suspended_at=now, created_at=now - 3 * DAY, last_seen_at=now - 2 * DAY),
        someone("basic", role="basic", plan_key="basic", created_at=now - 5 * DAY, last_seen_at=now),
        someone("boss", is_admin=True, created_at=now - 7 * DAY, last_seen_at=now - 4 * DAY),
        late,
    )
    add(
        app,
        Subscription(
            stripe_subscription_id="sub_late",
            stripe_customer_id="cus_late",
            stripe_account=scope.stripe_account,
            livemode=scope.livemode,
            status="past_due",
            snapshot_at=now,
        ),
    )
    with app.app_context():
        id = db.session.scalar(sa.select(User.id).where(User.email == "late@example.com"))
        db.session.execute(sa.update(Subscription).values(user_id=id))
        db.session.execute(sa.update(User).where(User.id == id).values(last_seen_at=now - 6 * DAY))
        db.session.commit()


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("role=pro", ["late"]),
        ("plan=basic", ["basic"]),
        ("state=unverified", ["new"]),
        ("state=suspended", ["shut"]),
        ("state=past_due", ["late"]),
        ("state=admin", ["boss"]),
        ("role=free&state=suspended", ["shut"]),
        ("q=sic", ["basic"]),
        ("state=nonsense&role=", ["new", "shut", "basic", "boss", "late"]),
        ("sort=created_at", ["late", "boss", "basic", "shut", "new"]),
        ("sort=-last_seen_at", ["basic", "new", "shut", "boss", "late"]),
        ("sort=email", ["basic", "boss", "late", "new", "shut"]),
        ("sort=-email", ["shut", "new", "late", "boss", "basic"]),
        ("sort=password_hash", ["new", "shut", "basic", "boss", "late"]),
    ],
)
def test_users_are_found_by_what_they_are_and_sorted(
    olga: Person, people: None, app: Flask, asked: str, names: list[str]
) -> None:
    with app.app_context():
        db.session.execute(sa.update(User).where(User.email == olga.email).values(email_verified_at=utcnow()))
        db.session.commit()

    assert names_on(olga, f"/admin/users?{asked}") == names


def test_state_stands_beside_each(olga: Person, people: None) -> None:
    page = olga.read("/admin/users")

    for word in ("Suspended", "Not confirmed", "Admin", "Active"):
        assert word in page
    assert "Users 6" in page


def test_no_match_is_said_in_words(olga: Person) -> None:
    assert "No users match “nobody”." in olga.read("/admin/users?q=nobody")
    assert "No users match." in olga.read("/admin/users?role=pro")


@pytest.mark.parametrize("sort", ["email", "-email", "last_seen_at", "-last_seen_at", "created_at"])
def test_a_sorted_list_is_read_page_by_page_without_a_gap(olga: Person, app: Flask, sort: str) -> None:
    at = utcnow()
    # A tilde, which is what a cursor's parts are divided by, may stand in an address.
    add(app, *(someone(f"u~{n}", created_at=at, last_seen_at=at) for n in range(120)))

    seen = names_on(olga, f"/admin/users?q=u&sort={sort}")

    assert len(seen) == len(set(seen)) == 120


def test_the_head_of_a_column_turns_its_order(olga: Person) -> None:
    page = olga.get("/admin/users?role=free").text

    assert 'aria-sort="descending"' in page
    assert "/admin/users?role=free&amp;sort=created_at" in page
    assert "/admin/users?role=free&amp;sort=email" in page
    assert "/admin/users?role=free&amp;sort=-email" in olga.get("/admin/users?role=free&sort=email").text


def test_orders_and_payments_lie_in_a_range_of_days(olga: Person, app: Flask, catalogue: None) -> None:
    with app.app_context():
        scope = current_scope()
    where = {"stripe_account": scope.stripe_account, "livemode": scope.livemode, "currency": "usd"}
    for day in range(1, 6):
        at = datetime(2026, 3, day, 23, 59, tzinfo=UTC)
        add(
            app,
            Order(plan_key="pro", amount=100 + day, state="failed", created_at=at, **where),
            Payment(status="paid", amount=100 + day, created_at=at, stripe_invoice_id=f"in_{day}", **where),
        )

    for path in ("/admin/orders", "/admin/payments"):
        listed = list(walked(olga, f"{path}?from=2026-03-02&to=2026-03-04", r"\$1\.0(\d)"))
        assert listed == ["4", "3", "2"], path
        turned = list(walked(olga, f"{path}?to=2026-03-02&sort=created_at", r"\$1\.0(\d)"))
        assert turned == ["1", "2"], path
        assert olga.get(f"{path}?from=yesterday&to=9999-12-31").status_code == 200
    assert "No orders match." in olga.read("/admin/orders?state=pending")
    assert "No payments match." in olga.read("/admin/payments?status=void")


def test_events_lie_in_a_range_and_are_looked_through_from_its_end(olga: Person, app: Flask) -> None:
    for day in range(1, 6):
        at = datetime(2026, 3, day, tzinfo=UTC)
        kind = "invoice.paid" if day % 2 else "invoice.sent"
        columns = {"type": kind, "outcome": "processed", "created_at": at, "received_at": at}
        add(app, StripeEvent(id=f"evt_{day}", **columns))

    days = list(walked(olga, "/admin/events?from=2026-03-01&to=2026-03-04&type=invoice.paid", r"<code>evt_(\d)"))

    assert days == ["3", "1"]
    assert "Events 5" in olga.read("/admin/events")


def listed_in_file(olga: Person, name: str, asked: str, column: str) -> list[str]:
    """What a column of a list's file says, in the order of its rows."""
    answer = olga.post(f"/admin/{name}.csv?{asked}", page="/admin/users")
    assert answer.status_code == 200, answer.text
    return [row[column] for row in csv.DictReader(answer.text.splitlines())]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("state=suspended", ["shut"]),
        ("role=free&sort=email", ["boss", "new", "olga", "shut"]),
        ("q=sic", ["basic"]),
        ("sort=created_at&state=admin", ["boss", "olga"]),
    ],
)
def test_a_file_has_the_rows_of_its_list_in_their_order(
    olga: Person, people: None, asked: str, names: list[str]
) -> None:
    assert [email.split("@")[0] for email in listed_in_file(olga, "users", asked, "users.email")] == names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/admin/users?q=a&role=pro&sort=email", "users"),
        *(
            (f"/admin/{one}?from=2026-03-02&to=2026-03-04", one)
            for one in ("orders", "payments", "events", "audit", "acts")
        ),
        ("/admin/subscriptions?status=active", "subscriptions"),
    ],
)
def test_the_button_asks_for_what_the_page_shows(olga: Person, path: str, name: str) -> None:
    page = html.unescape(olga.get(path).text)

    [asked] = re.findall(rf'action="/admin/{name}\.csv\?([^"]*)"', page)
    assert set(path.partition("?")[2].split("&")) <= set(asked.split("&"))


def test_payments_are_sorted_by_amount_each_currency_by_itself(olga: Person, app: Flask, catalogue: None) -> None:
    with app.app_context():
        scope = current_scope()
    where = {"stripe_account": scope.stripe_account, "livemode": scope.livemode, "status": "paid"}
    rows = [(1000, "jpy"), (900, "usd"), (2900, "usd"), (500, "jpy"), *((100, "usd") for _ in range(60))]
    for number, (amount, currency) in enumerate(rows):
        columns = {"amount": amount, "currency": currency, "created_at": utcnow(), "stripe_invoice_id": f"in_{number}"}
        add(app, Payment(**columns, **where))

    rising = list(walked(olga, "/admin/payments?sort=amount", r'data-label="Amount" class="num">([^<]+)<'))

    assert rising == ["¥500", "¥1,000", *["$1.00"] * 60, "$9.00", "$29.00"]
    falling = listed_in_file(olga, "payments", "sort=-amount", "payments.amount")
    assert falling == ["2900", "900", *["100"] * 60, "1000", "500"]
    assert "sort=-amount" in olga.get("/admin/payments").text


def test_events_have_a_file_with_what_was_asked_for(olga: Person, app: Flask) -> None:
    for number, outcome in enumerate(["processed", "failed", "ignored"]):
        columns = {"type": "invoice.paid", "outcome": outcome, "created_at": utcnow(), "payload": "{}"}
        add(app, StripeEvent(id=f"evt_{number}", **columns))

    assert listed_in_file(olga, "events", "outcome=failed", "stripe_events.id") == ["evt_1"]
    assert listed_in_file(olga, "events", "sort=received_at&to=2020-01-01", "stripe_events.id") == []


def test_a_cursor_that_no_column_can_hold_starts_at_the_beginning(olga: Person, app: Flask) -> None:
    for after in ("9" * 30 + "~1", "usd~x~1", "usd~" + "9" * 30 + "~1"):
        assert olga.get(f"/admin/payments?sort=amount&after={after}").status_code == 200


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_sent_as_they_are_read(olga: Person, app: Flask) -> None:
    at = utcnow()
    with app.app_context():
        for start in range(0, 100_000, 10_000):
            numbers = range(start, start + 10_000)
            rows = [
                {"id": f"evt_{n:06}", "type": "invoice.paid", "outcome": "processed", "created_at": at,
                 "received_at": at + timedelta(seconds=n), "tries": 1}
                for n in numbers
            ]  # fmt: skip
            db.session.execute(sa.insert(StripeEvent), rows)
        db.session.commit()
    token = olga.csrf_token("/admin/events")

    tracemalloc.start()
    sending = olga.client.post("/admin/events.csv?sort=received_at", data={"csrf_token": token}, buffered=False)
    lines = 0
    for chunk in sending.iter_encoded():
        lines += chunk.count(b"\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lines == 100_001
    # The file has some 12 MB; a batch of it is held at a time.
    assert peak < 12_000_000


def plan_of(app: Flask, address: str, olga: Person) -> str:
    """How the database goes about the list's own query, without the words of the page."""
    statements: list[tuple[str, object]] = []
    with app.app_context():
        engine = db.engine

    def note(connection: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        if "ORDER BY" in statement and "LIMIT" in statement and "FROM users" in statement:
            statements.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert olga.get(address).status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    [(statement, parameters)] = statements
    with app.app_context():
        rows = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return " ".join(str(row) for row in rows)


@pytest.mark.parametrize("sort", ["email", "-created_at", "-last_seen_at"])
def test_no_list_of_users_is_sorted_by_the_database_anew(olga: Person, app: Flask, sort: str) -> None:
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("SQLite says how it goes about a query without statistics.")

    assert "TEMP B-TREE" not in plan_of(app, f"/admin/users?sort={sort}", olga)
