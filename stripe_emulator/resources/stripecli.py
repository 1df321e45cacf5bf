"""Sessions of the official CLI: `stripe listen` and `stripe logs tail`."""

from stripe_emulator import ids
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.validation import describe
from stripe_emulator.documents import Json
from stripe_emulator.listen import cli_secret
from stripe_emulator.spec import API_VERSION

_TEXT = (
    "device_name",
    "forward_to_url",
    "forward_connect_to_url",
    "filters",
    "websocket_feature",
    "ephemeral_apis",
)
_RECONNECT_SECONDS = 60

describe(
    "POST",
    "/v1/stripecli/sessions",
    {
        **{name: ["c", "s"] for name in _TEXT},
        "websocket_features": ["a", "s"],
        "thin_events": "b",
        "snapshot_events": "b",
    },
)


@operation("POST", "/v1/stripecli/sessions")
def create(request: Request) -> Json:
    """Tell the CLI where to listen and what its secret is."""
    features = request.params.get("websocket_features") or [request.params.get("websocket_feature") or "webhooks"]
    return {
        "object": "stripecli.session",
        "websocket_id": f"cliws_{ids.random_text(24)}",
        "websocket_url": request.tx.store.websocket_url,
        "websocket_authorized_feature": features[0],
        "secret": cli_secret(request.tx),
        "default_version": API_VERSION,
        "latest_version": API_VERSION,
        "reconnect_delay": _RECONNECT_SECONDS,
        "display_connect_filter_warning": False,
    }
