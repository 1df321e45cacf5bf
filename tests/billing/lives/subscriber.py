"""A subscriber to whom things happen: where she stands, as the rules of a life ask it."""

import random
from collections.abc import Callable

from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine

from app.extensions import limiter
from tests.billing.lives.post import Post
from tests.billing.lives.stage import Stage
from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in

OVER = ("canceled", "incomplete_expired")


class Subscriber(RuleBasedStateMachine):
    """Alice at the start of a life, and where she stands in it."""

    def __init__(self, stage: Stage, post: Callable[[Flask, random.Random], Post]) -> None:
        super().__init__()
        self.stage, self.emulator, self.stripe = stage, stage.emulator, Stripe(stage.emulator)
        self._make_post = post
        self.chance = random.Random()
        # The one that she chooses on the pricing page; None for what it shows by itself.
        self.currency: str | None = None
        self.alice: Person | None = None
        stage.begin()

    def appear(self, seed: int, kind: str) -> None:
        """Begin the life: the seed decides what happens to the deliveries, and who is meant where there are several."""
        self.chance = random.Random(seed)
        self.alice = self.stage.people[kind]
        self.post = self._make_post(self.alice.app, self.chance)

    def all_of(self, kind: str, **equals: str) -> list[Json]:
        """Stripe's objects of a kind, read without a request: the rules ask often."""
        return self.emulator.find(kind, **equals)

    @property
    def live(self) -> list[Json]:
        """The subscriptions that are not over."""
        return [one for one in self.all_of("subscription") if one["status"] not in OVER]

    @property
    def refundable(self) -> list[Json]:
        """The charges that may be refunded or disputed."""
        return [one for one in self.all_of("charge") if one["paid"] and not one["refunded"] and not one["disputed"]]

    @property
    def waiting(self) -> list[Json]:
        """What waits for 3-D Secure."""
        return [
            one for kind in ("payment_intent", "setup_intent") for one in self.all_of(kind, status="requires_action")
        ]

    @property
    def customer(self) -> str | None:
        """Her customer, unless it is deleted."""
        return next((one["id"] for one in self.all_of("customer")), None)

    def one_of(self, found: list[Json]) -> str:
        return str(self.chance.choice(found)["id"])

    def session_for(self, wanted: tuple[str, str], **fields: str) -> str | None:
        """The session that a plan's button leads to, where it leads to Checkout."""
        limiter.reset()
        chosen = {"currency": self.currency} if self.currency else {}
        answer = self.alice.buy(*wanted, **chosen, **fields)
        assert answer.status_code == 303, answer.text
        return session_id_in(answer.location) if "/c/pay/" in answer.location else None
