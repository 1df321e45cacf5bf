"""Random lives of a subscriber on the emulator, with everything going wrong that can go wrong with deliveries."""

import random
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from stripe_emulator import Emulator

from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.billing.lives.life import Life
from tests.billing.lives.post import ByHand, Courier
from tests.billing.lives.stage import Stage

STEPS = 8
SLOWEST_ANSWER = 0.06


@pytest.fixture
def stage(app: Flask, app_with: Callable[..., Flask], catalogue: None, emulator: Emulator) -> Iterator[Stage]:
    """The site with and without a trial for new subscribers; what a life sets at Stripe ends with it."""
    before = emulator.save()
    yield Stage.set({"usual": app, "trial": app_with(trial_days=10)}, emulator)
    emulator.restore(before)


def test_at_rest_everything_equals_what_stripe_says(stage: Stage) -> None:
    """In the test's own hands: quick, and the same again for the same seed."""
    some = settings(max_examples=2 * settings.default.max_examples, stateful_step_count=STEPS)

    run_state_machine_as_test(
        lambda: Life(stage, lambda app, chance: ByHand(app, stage.emulator, chance)), settings=some
    )


@pytest.mark.parametrize("same_second", [False, True])
def test_the_emulators_chaos_ends_in_what_stripe_says(site: str, stage: Stage, same_second: bool) -> None:
    """Brought by the emulator itself, over HTTP and several at once."""
    some = settings(max_examples=max(settings.default.max_examples // 6, 1), stateful_step_count=STEPS)

    run_state_machine_as_test(
        lambda: Life(stage, lambda _, __: Courier(stage.emulator, same_second=same_second)), settings=some
    )


def test_lives_with_a_slow_stripe_end_in_what_stripe_says(
    app_with: Callable[..., Flask], catalogue: None, emulator: Emulator, serve_site: Callable[[Flask], str]
) -> None:
    """Each answer is a while under way, and what it tells of has often changed when it arrives."""
    some = settings(max_examples=max(settings.default.max_examples // 6, 1), stateful_step_count=STEPS)
    before, chance = emulator.save(), random.Random()
    with MisbehavingStripe(emulator.url) as slow:
        site = app_with(stripe_api_base=slow.url)
        serve_site(site)
        stage = Stage.set({"usual": site, "trial": app_with(stripe_api_base=slow.url, trial_days=10)}, emulator)
        slow.after = lambda _method, _path: time.sleep(chance.uniform(0, SLOWEST_ANSWER))

        run_state_machine_as_test(
            lambda: Life(stage, lambda _, __: Courier(stage.emulator, same_second=False)), settings=some
        )
    emulator.restore(before)
