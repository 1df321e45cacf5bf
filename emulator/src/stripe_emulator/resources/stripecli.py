"""Sessions of the official CLI: `stripe listen` and `stripe logs tail`."""

from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.validation import describe_open
from stripe_emulator.delivery.listen import cli_secret
from stripe_emulator.spec import API_VERSION
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json

_RECONNECT_SECONDS = 60

# Each version of the CLI sends some more; it is told the same.
describe_open("POST", "/v1/stripecli/sessions")


@operation("POST", "/v1/stripecli/sessions")
def create(request: Request) -> Json:
    """Tell the CLI where to listen and what its secret is."""
    features = request.params.get("websocket_features")
    wanted = next(iter(features.values()), None) if isinstance(features, dict) else None
    websocket_id = f"cliws_{ids.random_text(24)}"
    request.tx.set_hidden("stripecli.session", websocket_id, {"filters": request.params.get("filters")})
    return {
        "object": "stripecli.session",
        "websocket_id": websocket_id,
        "websocket_url": request.tx.websocket_url,
        "websocket_authorized_feature": wanted or "webhooks",
        "secret": cli_secret(request.tx),
        "default_version": API_VERSION,
        "latest_version": API_VERSION,
        "reconnect_delay": _RECONNECT_SECONDS,
        "display_connect_filter_warning": False,
    }
