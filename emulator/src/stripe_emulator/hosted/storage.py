"""The store behind the current request, and changes that survive a declined card."""

from collections.abc import Callable
from typing import TypeVar, cast

from flask import current_app

from stripe_emulator.api.errors import ApiError
from stripe_emulator.state.store import Store, Transaction

Result = TypeVar("Result")


def current_store() -> Store:
    """Return the store this app was made for."""
    return cast(Store, current_app.extensions["stripe_emulator"])


def attempt(action: Callable[[Transaction], Result]) -> Result:
    """Run `action` in one write; a refusal that is itself news, such as a failed charge, is kept and then raised."""
    with current_store().write() as tx:
        try:
            return action(tx)
        except ApiError as error:
            if not error.keep_writes:
                raise
            refusal = error
    raise refusal
