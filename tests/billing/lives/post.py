"""How events come to the site: brought by the emulator's courier, or in the test's own hands; both with chaos."""

import random
from typing import Protocol

from flask import Flask
from stripe_emulator import Emulator

from app.billing.asking import ROUNDS
from app.billing.webhooks.process import HANDLED_TYPES
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.billing.lives.old_shapes import VERSIONS, downgraded
from tests.stripe_actions import Json, Stripe, signed

CHAOS = {"duplicate": 0.3, "delay": 0.2, "shuffle": True, "drop": 0.2}
# Events of so many seconds happen at once.
BLURS = (1, 60, 100_000)
# How often one delivery is interrupted: so often the site asks again.
INTERRUPTIONS = ROUNDS - 1


class Post(Protocol):
    """What brings the events; in our hands, nothing is brought before it is asked for."""

    is_in_our_hands: bool

    def carry(self) -> None:
        """Bring some of what is under way, or none."""

    def settle(self) -> None:
        """Bring everything, at least once."""


class Courier:
    """The emulator's own courier: over HTTP, several at once; nobody knows in which order."""

    is_in_our_hands = False

    def __init__(self, emulator: Emulator, *, same_second: bool) -> None:
        self._emulator = emulator
        emulator.chaos(**CHAOS, same_second=same_second)

    def carry(self) -> None:
        """It carries by itself."""

    def settle(self) -> None:
        self._emulator.wait_until_idle()


class ByHand:
    """The same chaos drawn from a seed, so that a life that goes wrong goes wrong again in the same way."""

    is_in_our_hands = True

    def __init__(self, app: Flask, emulator: Emulator, chance: random.Random) -> None:
        self._app, self._emulator, self._chance = app, emulator, chance
        self._secret = app.extensions["settings"].webhook_secrets[0]
        Stripe(emulator).mute()
        self._last: str | None = None
        self._under_way: list[Json] = []
        self._blur = chance.choice(BLURS)
        # How many of the events come in old shapes, and how many are late.
        self._old, self._late = chance.choice((0.0, 0.3, 1.0)), chance.choice((0.0, 0.5, 0.9))

    def carry(self) -> None:
        self._collect()
        letters, self._under_way = self._under_way, []
        if self._late:
            self._chance.shuffle(letters)
        for letter in letters:
            if self._chance.random() < self._late:
                self._under_way.append(letter)
            else:
                self._deliver(letter)

    def settle(self) -> None:
        self._collect()
        while self._under_way:
            self._chance.shuffle(self._under_way)
            self._deliver(self._under_way.pop())
            self._collect()

    def _collect(self) -> None:
        for event in self._emulator.events(after=self._last):
            self._last = event["id"]
            if event["type"] in HANDLED_TYPES:
                self._under_way.append(event | {"created": event["created"] // self._blur * self._blur})

    def _deliver(self, event: Json) -> None:
        """Bring an event to the webhook, which always takes it; some come again later."""
        is_old = self._chance.random() < self._old
        sent = downgraded(event, self._chance.choice(VERSIONS)) if is_old else event
        body, headers = signed(sent, self._secret)
        answer = self._app.test_client().post("/webhooks/stripe", data=body, headers=headers)
        assert answer.status_code == 200, (event["type"], answer.json)
        if self._chance.random() < CHAOS["duplicate"]:
            self._under_way.append(event)


class Interrupting(ByHand):
    """The same, and events come in while the site waits for an answer: what that tells of has often changed since."""

    def __init__(self, app: Flask, emulator: Emulator, chance: random.Random, stripe: MisbehavingStripe) -> None:
        super().__init__(app, emulator, chance)
        self._left = 0
        self._failures: list[AssertionError] = []
        stripe.after = self._interrupt

    def carry(self) -> None:
        self._left = INTERRUPTIONS
        super().carry()
        assert not self._failures

    def settle(self) -> None:
        super().settle()
        assert not self._failures

    def _deliver(self, event: Json) -> None:
        self._left = INTERRUPTIONS
        super()._deliver(event)

    def _interrupt(self, _method: str, _path: str) -> None:
        """Called when an answer is on its way, in the thread of what stands between: the site waits meanwhile."""
        self._collect()
        if self._left and self._under_way and self._chance.random() < 0.5:
            self._left -= 1
            letter = self._under_way.pop(self._chance.randrange(len(self._under_way)))
            try:
                super()._deliver(letter)
            except AssertionError as failure:
                self._failures.append(failure)
