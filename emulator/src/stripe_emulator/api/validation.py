"""Parameters: typed and checked against the specification before anything is looked up."""

from typing import Any

from stripe_emulator.api import legacy
from stripe_emulator.api.types import Struct, Types
from stripe_emulator.api.unsupported import check_supported
from stripe_emulator.api.versions import answered_in
from stripe_emulator.spec import API_VERSION, PARAMETERS
from stripe_emulator.state.documents import Json

#: What the SDK sends and Stripe takes, and the description has lost.
_LOST: dict[str, dict[str, Any]] = {
    "InvoiceCreatePreviewParamsSubscriptionDetailsItem": {"deleted": "b"},
    "SubscriptionUpdateParams": {"default_payment_method": ["c", "s"]},
    "SubscriptionUpdateParamsItem": {"deleted": "b"},
}
_STRICT = Types(_LOST)
_TOLERANT = Types({**_LOST, **legacy.FIELDS})
_EXPAND = {"expand": ["a", "s"]}
_NOTHING = _STRICT.compile(_EXPAND, [])


class _Anything(Struct):
    def read(self, tree: Json, prefix: str = "") -> Json:
        return tree


_ANYTHING = _Anything({}, [])

#: Parameters of operations that are in no specification of Stripe's.
_undocumented: dict[str, Struct] = {}


def describe(method: str, path: str, fields: dict[str, Any], required: list[str] | None = None) -> None:
    """State the parameters of an operation that Stripe does not document."""
    _undocumented[f"{method} {path}"] = _STRICT.compile({**_EXPAND, **fields}, required or [])


def describe_open(method: str, path: str) -> None:
    """State that an operation takes whatever its one client sends, as it sends it."""
    _undocumented[f"{method} {path}"] = _ANYTHING


def validate(method: str, path: str, tree: Json, version: str | None) -> Json:
    """Return the parameters as typed values, or raise Stripe's error about the first that is wrong.

    A request that names no `version`, or an older one that is spoken, may use the parameters of its time.
    """
    name = f"{method} {path}"
    documented = PARAMETERS["operations"].get(name)
    if documented is None:
        params = _undocumented.get(name, _NOTHING).read(tree)
    elif version is not None and answered_in(version) == API_VERSION:
        params = _STRICT.struct(documented).read(tree)
    else:
        params = _TOLERANT.struct(documented).read(legacy.translate(name, tree, version))
    check_supported(name, params)
    return params
