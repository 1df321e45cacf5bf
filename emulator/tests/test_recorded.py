"""What Stripe answered, the emulator answers: amounts, periods, prorations, the order of lines, statuses."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from stripe_emulator import Emulator
from tests.recorded import RECORDED, Replay, recordings, stock

#: The fields that money, time and state are read from, by the end of their name.
MONEY = re.compile(
    r"(amount|amounts?_\w+|\w+_amount|amount_decimal|subtotal\w*|total\w*|balance|currency|fee|net|status|quantity"
    r"|percent_off|start|end|\w+_(start|end|at|anchor|reason|behavior|status|collection|method|usage)|paid|refunded"
    r"|captured|attempt\w*|description|proration|interval\w*|type|mode|cancel_at_period_end|auto_advance|statement)$"
)
#: What is not so here, and why.
KNOWN = {
    "webhooks_delivered_at": "deliveries are told of elsewhere",
    "effective_at": "a test clock does not move between two requests",
    "expires_at": "Checkout Sessions live by the real clock",
    "total_count": "an old field of lists, which today's description has not",
    "payment_method_options": "methods that are not emulated",
    "payment_method_types": "methods that are not emulated",
    "payment_method_details": "what a card is like",
    "payment_method_configuration_details": "methods that are not emulated",
    "payment_details": "Stripe's reference to the invoice, which the emulator knows of elsewhere",
    "collected_information": "nothing is collected",
    "branding_settings": "how a page looks",
    "rendering": "how an invoice looks",
    ".plan": "a field that today's description has not",
    ".quantity": "a subscription's own, which today's description has not",
    "pricing": "amounts without a price get none made for them",
}
#: Payment methods that are not emulated, and a second account.
NOT_EMULATED = re.compile(r"stripe_saves_(?!currency)|connect_customer_is_not_on_parent_account|connect_transfer$")
SECONDS = 20


@pytest.fixture(scope="module")
def stocked() -> Iterator[Emulator]:
    """Run an emulator that sells what the recorded account does."""
    with Emulator(retry_schedule=(0.1,)) as running:
        stock(running)
        yield running


@pytest.mark.skipif(not RECORDED.exists(), reason="Stripe's recorded answers are not beside the repository")
@pytest.mark.parametrize("name", [name for name in recordings() if not NOT_EMULATED.match(name)] or ["none"])
def test_answer_has_the_money_times_and_states_that_stripe_recorded(stocked: Emulator, name: str) -> None:
    for recorded, answer in Replay(stocked, recordings()[name]).answers():
        where = f"{recorded['method']} {recorded['path']}"

        assert (where, answer.status) == (where, recorded["status"])
        assert (where, list(differences(recorded["answer"], answer.json))) == (where, [])


@pytest.mark.skipif(not RECORDED.exists(), reason="Stripe's recorded answers are not beside the repository")
def test_most_of_what_was_recorded_is_asked_again(stocked: Emulator) -> None:
    asked = sum(len(list(Replay(stocked, recording).answers())) for recording in recordings().values())

    assert asked >= 260


def differences(recorded: Any, now: Any, path: str = "") -> Iterator[str]:
    """Find where money, times or states are other than recorded."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for key, value in recorded.items():
            if key not in KNOWN and f"{path}.{key}" not in KNOWN:
                yield from differences(value, now.get(key), f"{path}.{key}")
    elif isinstance(recorded, list) and isinstance(now, list):
        if len(recorded) != len(now):
            yield f"{path}: {len(recorded)} recorded, {len(now)} now"
        for one, other in zip(recorded, now, strict=False):
            yield from differences(one, other, path)
    elif (recorded and isinstance(recorded, dict | list)) or (MONEY.search(path) and not _same(recorded, now)):
        yield f"{path}: {recorded!r} recorded, {now!r} now"


def _same(recorded: Any, now: Any) -> bool:
    if isinstance(recorded, int) and isinstance(now, int) and recorded > 1_000_000_000:
        return abs(recorded - now) <= SECONDS
    if isinstance(recorded, str) and isinstance(now, str) and re.fullmatch(r"[a-z]{2,5}_\w{12,}", recorded):
        return bool(re.fullmatch(r"[a-z]{2,5}_\w{12,}", now))
    return bool(recorded == now)
