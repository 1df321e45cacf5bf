"""`stripe logs tail`: each request of the API as the official CLI wants to be told of it."""

import json
import time

from stripe_emulator.api.dispatch import Answer, Call
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json

_TOLD_OF_ERRORS = ("type", "charge", "code", "decline_code", "message", "param")


def entry(call: Call, answer: Answer) -> Json:
    """Return what is told of a request: what was asked, and how it went."""
    error = json.loads(answer.body).get("error") or {} if answer.status >= 400 else {}
    return {
        "created_at": int(time.time()),
        "error": {name: error[name] for name in _TOLD_OF_ERRORS if isinstance(error.get(name), str)},
        "livemode": False,
        "method": call.method,
        "request_id": answer.headers["Request-Id"],
        "status": answer.status,
        "url": call.path,
    }


def wants(filters: Json, told: Json) -> bool:
    """Tell whether the filters that `stripe logs tail` was started with let a request through."""
    status = int(told["status"])
    has = {
        "filter_http_method": told["method"],
        "filter_request_path": told["url"],
        "filter_request_status": "SUCCEEDED" if status < 400 else "FAILED",
        "filter_source": "API",
        "filter_status_code": str(status),
        "filter_status_code_type": f"{status // 100}XX",
    }
    return all(
        value.upper() in [str(one).upper() for one in filters.get(name) or [value]] for name, value in has.items()
    )


def _matches(wanted: list[str] | None, value: str) -> bool:
    return not wanted or value.upper() in [str(one).upper() for one in wanted]


def message(told: Json) -> str:
    """Return the text that goes over the websocket."""
    return json.dumps(
        {
            "type": "request_log_event",
            "request_log_id": f"resp_{ids.random_text(24)}",
            "event_payload": json.dumps(told),
        }
    )
