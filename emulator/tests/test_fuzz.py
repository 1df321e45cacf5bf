"""Whatever is sent to whatever route: an answer in Stripe's form, never a 500, nothing half-written."""

import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_emulator import Emulator
from stripe_emulator.api.dispatch import Answer, Api, Call
from stripe_emulator.api.registry import operations
from stripe_emulator.spec import PARAMETERS
from stripe_emulator.state.store import Store

ROUTES = sorted((one.method, one.path) for one in operations())
FORM = "application/x-www-form-urlencoded"
HEADERS = {"authorization": f"Bearer {Emulator.secret_key}", "content-type": FORM}
VALUES = st.one_of(
    st.sampled_from(["", "true", "now", "usd", "-1", "0", "1e9", "9" * 18, "pm_card_visa", "tok_visa", "month"]),
    st.integers(-(2**63), 2**63).map(str),
    st.text(max_size=30),
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Return the API over a database with one of the commonest objects in it."""
    with Emulator(db=tmp_path_factory.mktemp("fuzz") / "stripe.sqlite3") as emulator:
        store: Store = emulator.store
        api = Api(store)
        for path, body in SEEDS:
            answer = api.handle(Call("POST", path, headers=HEADERS, body=body))
            assert answer.status == 200, answer.body
        yield api


SEEDS = [
    ("/v1/customers", b"payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa"),
    ("/v1/products", b"id=prod_fuzz&name=Fuzz"),
    ("/v1/prices", b"product=prod_fuzz&currency=usd&unit_amount=900&recurring[interval]=month"),
    ("/v1/prices", b"product=prod_fuzz&currency=usd&unit_amount=100"),
    ("/v1/coupons", b"id=FUZZ&percent_off=10"),
    ("/v1/test_helpers/test_clocks", b"frozen_time=1800000000"),
]


@st.composite
def forms(draw: st.DrawFn, route: tuple[str, str]) -> bytes:
    """Make a form of the route's own parameters, with values that are sometimes right."""
    name = PARAMETERS["operations"].get(" ".join(route), "")
    fields, required = PARAMETERS["structs"].get(name, [{}, []])
    chosen = {*required, *draw(st.sets(st.sampled_from(sorted(fields) or ["x"]), max_size=4))}
    pairs = [pair for field in sorted(chosen) for pair in draw(_pairs(field, fields.get(field, "s"), 0))]
    return urlencode(pairs, errors="surrogatepass").encode()


def _pairs(name: str, expression: object, depth: int) -> st.SearchStrategy[list[tuple[str, str]]]:
    if isinstance(expression, str) or depth > 3:
        return VALUES.map(lambda value: [(name, value)])
    assert isinstance(expression, list)
    kind, content = expression
    if kind == "e":
        return st.sampled_from(content).map(lambda value: [(name, value)])
    if kind == "o":
        fields, required = PARAMETERS["structs"][content]
        optional = st.sets(st.sampled_from(sorted(fields) or ["x"]), max_size=2)
        return optional.flatmap(
            lambda some: st.tuples(
                *(_pairs(f"{name}[{key}]", fields.get(key, "s"), depth + 1) for key in sorted({*required, *some}))
            ).map(lambda parts: [pair for part in parts for pair in part])
        )
    if kind == "u":
        return st.one_of([_pairs(name, one, depth) for one in content])
    inner = {"a": f"{name}[0]", "m": f"{name}[key]", "c": name}[kind]
    return _pairs(inner, content, depth + 1)


def check(answer: Answer) -> None:
    """Hold the answer to Stripe's form."""
    body = json.loads(answer.body)
    assert answer.status in (200, 400, 402, 404, 409, 413), body
    assert ("error" in body) == (answer.status != 200)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_plausible_parameters_never_break_a_route(api: Api, route: tuple[str, str], data: st.DataObject) -> None:
    method, template = route
    path = _filled(api, template, data.draw(st.booleans()))
    form = data.draw(forms(route))

    call = Call(method, path, "", HEADERS, form) if method == "POST" else Call(method, path, form.decode(), HEADERS)

    check(api.handle(call))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    route=st.sampled_from(ROUTES),
    body=st.binary(max_size=200),
    query=st.text(max_size=60),
    content_type=st.sampled_from([FORM, "application/json", "multipart/form-data; boundary=x", "", "\x00"]),
)
def test_garbage_never_breaks_a_route(
    api: Api, route: tuple[str, str], body: bytes, query: str, content_type: str
) -> None:
    headers = {**HEADERS, "content-type": content_type, "stripe-version": "2026-10-28.endive"}

    check(api.handle(Call(route[0], quote(route[1]), query, headers, body)))


def _filled(api: Api, template: str, existing: bool) -> str:
    """Put ids into a path: of the newest object of its kind, or of none."""
    parts = []
    collection = ""
    with api.store.read() as tx:
        for part in template.split("/"):
            kind = KINDS.get(collection, collection.removesuffix("s"))
            found = tx.find(kind) if part.startswith("{") and existing else []
            parts.append(found[0]["id"] if found else quote(part))
            collection = part if not part.startswith("{") else collection
    return "/".join(parts)


KINDS = {
    "sessions": "checkout.session",
    "test_clocks": "test_helpers.test_clock",
    "configurations": "billing_portal.configuration",
    "features": "entitlements.feature",
    "payment_pages": "checkout.session",
    "balance_transactions": "customer_balance_transaction",
}
