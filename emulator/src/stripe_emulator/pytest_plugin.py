"""The pytest plugin: one emulator for the whole run, empty for each test that asks for it.

`stripe_emulator` is the fixture that tests use. `running_stripe_emulator` lasts for the session: fixtures of the same
scope can take its address from it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stripe_emulator import Emulator

RETRY_SCHEDULE = "stripe_emulator_retry_schedule"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the project say how soon a failed delivery is tried again."""
    parser.addini(
        RETRY_SCHEDULE,
        "Seconds between the attempts of a delivery to a webhook, after commas.",
        default="0.2,0.5,1",
    )


@pytest.fixture(scope="session")
def running_stripe_emulator(pytestconfig: pytest.Config) -> "Iterator[Emulator]":
    """One emulator on a free port of this machine, with a temporary database, for the whole run."""
    # Only now: a run that never asks for it must not pay for a server.
    from stripe_emulator import Emulator

    waits = [float(one) for one in str(pytestconfig.getini(RETRY_SCHEDULE)).split(",") if one.strip()]
    with Emulator(retry_schedule=waits) as emulator:
        yield emulator


@pytest.fixture
def stripe_emulator(running_stripe_emulator: "Emulator") -> "Emulator":
    """The emulator as on its first day: no objects, no events, no chaos, in the present."""
    running_stripe_emulator.reset()
    return running_stripe_emulator
