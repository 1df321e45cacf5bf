"""A stateful stand-in for Stripe that the official SDK and CLI talk to over HTTP."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_emulator.emulator import Emulator

__all__ = ["Emulator"]


def __getattr__(name: str) -> Any:
    # Importing a part of the package, such as its store, must not import the whole server.
    if name == "Emulator":
        from stripe_emulator.emulator import Emulator

        return Emulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
