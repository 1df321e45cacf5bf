"""A stateful stand-in for Stripe that the official SDK and CLI talk to over HTTP.

`Emulator` is what tests start and steer, and the names here are all that they need: the rest of the package is its own
business and may change.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_emulator.api.errors import ApiError, CardError
    from stripe_emulator.emulator import Emulator
    from stripe_emulator.state.deliveries import Attempt, Delivery

__all__ = ["ApiError", "Attempt", "CardError", "Delivery", "Emulator"]

_HOMES = {
    "ApiError": "stripe_emulator.api.errors",
    "Attempt": "stripe_emulator.state.deliveries",
    "CardError": "stripe_emulator.api.errors",
    "Delivery": "stripe_emulator.state.deliveries",
    "Emulator": "stripe_emulator.emulator",
}


def __getattr__(name: str) -> Any:
    # Importing a part of the package, such as its pytest plugin, must not import the whole server.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
