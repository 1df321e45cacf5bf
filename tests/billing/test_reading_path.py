"""The files that `docs/how-billing-works.md` has a reader open, beside those that run."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.needs("docs/how-billing-works.md")]
ROOT = Path(__file__).resolve().parents[2]
# What tells the story; every request goes through the rest as well (logs, headers, the reader's session, limits).
STORY = ("app/webhook/routes.py", "app/pricing/", "app/billing/")
MOST_FILES = 12


def told(heading: str) -> set[str]:
    """The files that the page names under a heading."""
    page = (ROOT / "docs/how-billing-works.md").read_text()
    section = page.partition(f"### {heading}\n")[2].partition("\n#")[0]
    files = set(re.findall(r"`(app/[\w/]+\.py)`", section))
    assert len(files) <= MOST_FILES
    return files


def run(call: Callable[[], object]) -> set[str]:
    """The story's files that have a function of theirs called meanwhile."""
    files = set()

    def note(frame: object, event: str, argument: object) -> None:
        if event == "call":
            files.add(frame.f_code.co_filename)  # type: ignore[attr-defined]

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    ours = {str(Path(file).relative_to(ROOT)) for file in files if file.startswith(f"{ROOT}/app/")}
    return {file for file in ours if file.startswith(STORY)}


@pytest.mark.needs("app/billing/webhooks/fast_path.py")
def test_an_event_runs_through_the_files_that_are_named(alice: Person, at_stripe: Stripe, deliver) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    bought = at_stripe.events("customer.subscription.created")[0]
    deliver(bought)
    event = bought | {"id": "evt_unpaid", "created": bought["created"] + 60, "type": "customer.subscription.updated"}
    event["data"]["object"]["status"] = "unpaid"

    assert run(lambda: deliver(event)) == told("From an event to the role")
    assert alice.role == "free"


def test_a_press_runs_through_the_files_that_are_named(alice: Person) -> None:
    assert run(lambda: alice.buy("pro")) == told("From a press to Checkout")
