"""The store behind the current request, and changes that survive a declined card."""

from collections.abc import Callable
from typing import TypeVar, cast

from flask import current_app

from stripe_emulator.state.store import Store, Transaction

Result = TypeVar("Result")


def current_store() -> Store:
    """Return the store this app was made for."""
    return cast(Store, current_app.extensions["stripe_emulator"])


def attempt(action: Callable[[Transaction], Result]) -> Result:
    """Run `action` in one write of that store; a failed charge is kept, and then raised."""
    return current_store().attempt(action)
