"""The controls over HTTP, under `/_emulator`: JSON in, JSON out, for this machine only."""

import json
from collections.abc import Callable
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.dispatch import Answer, Call
from stripe_emulator.api.origins import is_loopback
from stripe_emulator.server.control import Control
from stripe_emulator.state import chaos, endpoint_secrets
from stripe_emulator.state.chaos import Chaos
from stripe_emulator.state.documents import Json

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DEFAULT_TIMEOUT = 30.0


class ControlHttp:
    """Maps addresses to controls."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._routes: dict[tuple[str, str], Callable[[Json], Json]] = {
            ("GET", "status"): lambda _: control.status(),
            ("POST", "reset"): self._reset,
            ("POST", "advance"): self._advance,
            ("POST", "settings"): self._settings,
            ("POST", "chaos"): self._chaos,
            ("DELETE", "chaos"): self._calm,
            ("POST", "outage"): self._outage,
            ("DELETE", "outage"): self._end_outage,
            ("POST", "wait_until_idle"): self._wait,
            ("POST", "roll_secret"): self._roll_secret,
        }

    def handle(self, call: Call, remote_address: str) -> Answer:
        """Carry out one control."""
        try:
            status, body = 200, self._answer(call, remote_address)
        except errors.ApiError as error:
            status, body = error.status, error.as_json()
        except (ValueError, TypeError, KeyError) as error:
            status, body = 400, errors.invalid_request(f"{type(error).__name__}: {error}").as_json()
        except TimeoutError as error:
            status, body = 504, errors.invalid_request(str(error)).as_json()
        return Answer(status, {}, json.dumps(body).encode())

    def _answer(self, call: Call, remote_address: str) -> Json:
        if not is_loopback(remote_address):
            raise errors.invalid_request("The controls answer this machine only.", status=403)
        route = self._routes.get((call.method, call.path.removeprefix("/_emulator/").strip("/")))
        if route is None:
            raise errors.invalid_request(f"Unrecognized control ({call.method}: {call.path}).", status=404)
        # A page of another site can send a form here but not JSON: browsers ask first, and get no permission.
        if call.method != "GET" and not call.headers["content-type"].startswith("application/json"):
            raise errors.invalid_request("The controls take JSON only.", status=415)
        return route(_json_object(call.body))

    def _reset(self, _: Json) -> Json:
        self._control.reset()
        return self._control.status()

    def _advance(self, body: Json) -> Json:
        seconds = sum(int(float(body[unit]) * factor) for unit, factor in _SECONDS.items() if unit in body)
        return {"now": self._control.advance(seconds)}

    def _settings(self, body: Json) -> Json:
        self._control.set_settings(body)
        return body

    def _chaos(self, body: Json) -> Json:
        wanted = Chaos.from_mapping(body)
        self._control.set_chaos(wanted)
        return wanted.as_mapping()

    def _calm(self, _: Json) -> Json:
        self._control.set_chaos(chaos.CALM)
        return chaos.CALM.as_mapping()

    def _outage(self, body: Json) -> Json:
        self._control.outage.begin(**body)
        return body

    def _end_outage(self, _: Json) -> Json:
        self._control.outage.end()
        return {}

    def _wait(self, body: Json) -> Json:
        self._control.wait_until_idle(float(body.get("timeout", _DEFAULT_TIMEOUT)))
        return {"idle": True}

    def _roll_secret(self, body: Json) -> Json:
        with self._control.store.write() as tx:
            endpoint = tx.require("webhook_endpoint", body["webhook_endpoint"])
            overlap = int(body.get("overlap_seconds", 0))
            return {"secret": endpoint_secrets.roll(tx, endpoint["id"], overlap)}


def _json_object(body: bytes) -> Json:
    parsed: Any = json.loads(body) if body else {}
    if not isinstance(parsed, dict):
        raise ValueError("a JSON object is expected")
    return parsed
