"""Whatever is sent, to every route, by whatever method: an answer, and never a 500."""

import os
import string
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from app.auth.models import User
from app.database import db
from app.extensions import limiter
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.slow

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
FIELDS = [
    "email", "password", "current_password", "new_password", "remember", "next", "plan", "interval", "flow",
    "page", "q", "session_id", "role", "outcome", "csrf_token", "checkout", "until", "state", "code", "error", "days",
]  # fmt: skip
TYPES = [
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data", "application/json",
    "text/plain", "", "application/x-www-form-urlencoded; charset=utf-16", "\xff",
]  # fmt: skip
# Texts that broke something somewhere: no characters, half characters, other numbers, other languages' queries.
HARD = [
    "", "\x00", "\ud800", "\U0010ffff",
    "0", "-1", "1e309", "99999999999999999999", "\N{ARABIC-INDIC DIGIT FOUR}", "NaN",
    "null", "[]", "' OR 1=1 --", "%00", "%s%n", "../../etc/passwd", "{{ 7*7 }}", "<script>",
    "a@example.com", "x" * 5000,
    "//evil.example", "00000000-0000-0000-0000-000000000000", "2026-02-30", "month", "pro", "\r\nX: y", PASSWORD,
]  # fmt: skip

texts = st.sampled_from(HARD) | st.text(max_size=60)
bodies = st.dictionaries(st.sampled_from(FIELDS) | texts, texts, max_size=8)
NAMES = [
    "Accept", "Accept-Language", "Content-Encoding", "Cookie", "Host", "If-Match", "If-Modified-Since", "Origin",
    "Range", "Referer", "Stripe-Signature", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host",
]  # fmt: skip
values = st.text(alphabet=string.printable.strip() + " ", max_size=60)
headers = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)


@pytest.fixture
def no_limits(app: Flask) -> Iterator[None]:
    limiter.enabled = False
    yield
    limiter.enabled = True


@pytest.fixture
def admin(alice: Person, catalogue: None) -> Person:
    with alice.app.app_context():
        db.session.execute(db.update(User).values(is_admin=True))
        db.session.commit()
    return alice


def as_bytes(text: str) -> bytes:
    """Its bytes in UTF-8; half a character becomes bytes that are no UTF-8 at all."""
    return text.encode("utf-8", "surrogatepass")


def address(rule: Rule, part: str) -> str:
    """A path of this rule, with `part` wherever it takes something."""
    filled = (quote(as_bytes(part or "x"), safe="") if is_variable else text for is_variable, text in rule._trace)
    return "".join(filled).replace("|", "", 1)


def send(client: FlaskClient, rule: Rule, method: str, part: str, fields: dict[str, str], **options: Any) -> int:
    encoded = urlencode([(as_bytes(name), as_bytes(value)) for name, value in fields.items()])
    answer = client.open(
        address(rule, part),
        method=method,
        query_string=encoded,
        data=encoded,
        content_type="application/x-www-form-urlencoded",
        buffered=True,
        **options,
    )
    return answer.status_code


@pytest.fixture
def rules(app: Flask) -> list[Rule]:
    # Not ready is what it is: the tables of tests are made without migrations.
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in ("static", "health.readyz")]


FUZZ = settings(
    # Each is tried on every route.
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", max(settings.default.max_examples // 4, 5))),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@FUZZ
@given(data=st.data())
def test_stranger_gets_an_answer_from_every_route(
    app: Flask, no_limits: None, rules: list[Rule], data: st.DataObject
) -> None:
    method, part, fields, sent = data.draw(st.tuples(st.sampled_from(METHODS), texts, bodies, headers))

    codes = {rule.rule: send(app.test_client(), rule, method, part, fields, headers=sent) for rule in rules}

    assert not {rule: code for rule, code in codes.items() if code >= 500}


@FUZZ
@given(data=st.data())
def test_admin_gets_an_answer_from_every_form(
    admin: Person, no_limits: None, rules: list[Rule], data: st.DataObject
) -> None:
    part, fields = data.draw(st.tuples(texts, bodies))
    fields |= {"csrf_token": admin.csrf_token("/account")}

    for rule in rules:
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            if rule.endpoint not in ("auth.logout", "account.delete"):
                assert send(admin.client, rule, method, part, fields) < 500, (rule, method)


@FUZZ
@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from(TYPES),
    path=st.sampled_from(["/login", "/signup", "/webhooks/stripe"]),
)
def test_raw_bytes_get_an_answer(app: Flask, no_limits: None, body: bytes, kind: str, path: str) -> None:
    answer = app.test_client().post(path, data=body, content_type=kind)

    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("path", "size"),
    [
        *((path, 64 * 1024) for path in ("/login", "/signup", "/forgot-password", "/account/email", "/checkout/pro")),
        ("/webhooks/stripe", 1024 * 1024),
    ],
)
def test_body_that_is_too_large_is_refused(client: FlaskClient, no_limits: None, path: str, size: int) -> None:
    answer = client.post(path, data={"email": "x" * (size + 1)})

    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "999999999999", ""])
def test_length_that_is_a_lie_is_refused(client: FlaskClient, no_limits: None, length: str) -> None:
    answer = client.post("/login", input_stream=None, headers={"Content-Length": length})

    assert 400 <= answer.status_code < 500
