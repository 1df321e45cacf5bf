"""Ask first, then lock: what billing writes may rest on Stripe's answers, and no transaction is open while it asks.

The work is written as if it could lock the user and ask in the middle. It is begun anew after each answer, and in the
end it runs through in one short transaction. `customers.lock_user` counts the locks of a user (`billing_version`), so
that answers from before somebody else's change are thrown away and Stripe is asked again.
"""

import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from app.billing.errors import StillChanging, StripeRejection, TransactionOpen
from app.database import db, end_transaction

P = ParamSpec("P")
R = TypeVar("R")
# How often the answers may turn out to be out of date.
ROUNDS = 5


@dataclass
class _Answers:
    """What was asked so far, and which version of each user the answers go with."""

    given: dict[object, Any] = field(default_factory=dict)
    versions: dict[uuid.UUID, int] = field(default_factory=dict)
    locked: set[uuid.UUID] = field(default_factory=set)


class _Unanswered(Exception):
    """The work cannot go on before Stripe has answered this."""

    def __init__(self, key: object, question: Callable[[], Any]) -> None:
        self.key, self.question = key, question
        super().__init__("Ask inside `ask_then_lock`.")


class _OutOfDate(Exception):
    """Somebody else changed this user's billing after Stripe was asked."""


_answers: ContextVar[_Answers | None] = ContextVar("answers", default=None)


def ask_then_lock(work: Callable[[], R]) -> R:
    """Do work that reads, asks Stripe through `ask` and writes; the caller commits what it wrote.

    Ends the transaction that is open. The work may be begun several times, so it touches nothing but the database.
    Raises `StripeUnavailable`, with nothing written, when Stripe cannot be asked or its answers never last.
    """
    if _answers.get() is not None:
        raise TransactionOpen("`ask_then_lock` inside itself would commit half of the outer work.")
    end_transaction()
    for _ in range(ROUNDS):
        token = _answers.set(_Answers())
        try:
            return _run_until_answered(work)
        except _OutOfDate:
            db.session.rollback()
        finally:
            _answers.reset(token)
    raise StillChanging("Billing changed each time that Stripe was asked about it.")


def ask(question: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What this function answers, which asks Stripe. It is called by `ask_then_lock`, while nothing is locked.

    It reads nothing from the database, and its arguments are plain values.
    """
    key = (question, args, *sorted(kwargs.items()))
    answers = _answers.get()
    if answers is None or key not in answers.given:
        raise _Unanswered(key, partial(question, *args, **kwargs))
    answer: R | StripeRejection = answers.given[key]
    if isinstance(answer, StripeRejection):
        raise answer
    return answer


def expect_no_change(user_id: uuid.UUID, version: int) -> None:
    """Begin the work anew when this user, who is locked now, is not as they were when Stripe was asked."""
    answers = _answers.get()
    if answers is None or user_id in answers.locked:
        return
    answers.locked.add(user_id)
    if answers.versions.setdefault(user_id, version) != version:
        raise _OutOfDate


def _run_until_answered(work: Callable[[], R]) -> R:
    answers = _answers.get()
    assert answers is not None
    while True:
        answers.locked.clear()
        try:
            return work()
        except _Unanswered as missing:
            key, question = missing.key, missing.question
        db.session.rollback()
        try:
            answers.given[key] = question()
        except StripeRejection as refusal:
            answers.given[key] = refusal
