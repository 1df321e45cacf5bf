"""`expand[]`: ids become objects, and fields that are left out by default are filled in."""

from stripe_emulator.documents import Json
from stripe_emulator.transaction import Transaction


def expand(tx: Transaction, obj: Json, paths: list[str]) -> Json:
    """Return the object with every path expanded."""
    return obj
