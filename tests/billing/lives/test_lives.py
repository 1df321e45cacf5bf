"""Random lives of a subscriber on the emulator, with everything going wrong that can go wrong with deliveries."""

import random
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from stripe_emulator import Emulator

from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.billing.lives.life import Life
from tests.billing.lives.post import ByHand, Courier, Interrupting
from tests.billing.lives.stage import WITH_SEATS, Stage

STEPS = 8


@pytest.fixture
def stage(app_with: Callable[..., Flask], catalogue: None, emulator: Emulator) -> Iterator[Stage]:
    """The site with and without a trial for new subscribers; what a life sets at Stripe ends with it."""
    before = emulator.save()
    yield Stage.set({"usual": app_with(WITH_SEATS), "trial": app_with(WITH_SEATS, trial_days=10)}, emulator)
    emulator.restore(before)


def test_at_rest_everything_equals_what_stripe_says(stage: Stage) -> None:
    """In the test's own hands: quick, and the same again for the same seed."""
    some = settings(max_examples=3 * settings.default.max_examples // 2, stateful_step_count=STEPS)

    run_state_machine_as_test(
        lambda: Life(stage, lambda app, chance: ByHand(app, stage.emulator, chance)), settings=some
    )


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.parametrize("same_second", [False, True])
def test_the_emulators_chaos_ends_in_what_stripe_says(
    deploy: Callable[..., Flask],
    app_with: Callable[..., Flask],
    catalogue: None,
    emulator: Emulator,
    same_second: bool,
) -> None:
    """Brought by the emulator itself, over HTTP and several at once."""
    before = emulator.save()
    stage = Stage.set({"usual": deploy(WITH_SEATS), "trial": app_with(WITH_SEATS, trial_days=10)}, emulator)
    some = settings(max_examples=max(settings.default.max_examples // 6, 1), stateful_step_count=STEPS)

    run_state_machine_as_test(
        lambda: Life(stage, lambda _, __: Courier(stage.emulator, same_second=same_second)), settings=some
    )
    emulator.restore(before)


@pytest.mark.slow
@pytest.mark.database
def test_events_that_come_while_stripe_answers_end_in_what_stripe_says(
    app_with: Callable[..., Flask], catalogue: None, emulator: Emulator
) -> None:
    """Stripe is slow: what its answer tells of has often changed when it arrives, and been heard of by an event."""
    some = settings(max_examples=settings.default.max_examples, stateful_step_count=STEPS)
    before = emulator.save()
    with MisbehavingStripe(emulator.url) as slow:
        apps = {
            "usual": app_with(WITH_SEATS, stripe_api_base=slow.url),
            "trial": app_with(WITH_SEATS, stripe_api_base=slow.url, trial_days=10),
        }
        stage = Stage.set(apps, emulator)

        def post(app: Flask, chance: random.Random) -> Interrupting:
            return Interrupting(app, emulator, chance, slow)

        run_state_machine_as_test(lambda: Life(stage, post), settings=some)
    emulator.restore(before)
