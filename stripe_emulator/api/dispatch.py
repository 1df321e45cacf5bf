"""From an HTTP request to Stripe's answer: key, form, rules, transaction, expansion."""

import json
import logging
from dataclasses import dataclass, field

from stripe_emulator import ids
from stripe_emulator.api import errors, forms, idempotency
from stripe_emulator.api.auth import authenticate
from stripe_emulator.api.expand import expand
from stripe_emulator.api.idempotency import Recorded
from stripe_emulator.api.registry import Operation, Request, Router, operations
from stripe_emulator.api.validation import validate
from stripe_emulator.documents import Json
from stripe_emulator.due import prepare, settle
from stripe_emulator.spec import API_VERSION
from stripe_emulator.store import Store
from stripe_emulator.transaction import Transaction

logger = logging.getLogger("stripe_emulator")


@dataclass(frozen=True)
class Call:
    """An HTTP request as it came in; header names are lower-case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """An HTTP response to be sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class Api:
    """Answers everything under `/v1`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._router = Router(operations())
        self._keys_in_use = idempotency.KeysInUse()
        prepare(store)

    def handle(self, call: Call) -> Answer:
        """Answer one call; whatever happens, in Stripe's form."""
        request_id = ids.new_id("request")
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": call.headers.get("stripe-version") or API_VERSION,
        }
        try:
            status, body = self._answer(call, request_id, headers)
        except errors.ApiError as error:
            status, body = error.status, _encode(_with_log_url(error.as_json(), request_id))
        except Exception:
            logger.exception("The emulator failed to answer %s %s", call.method, call.path)
            status, body = 500, _encode(_internal_error())
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
        return Answer(status, headers, body)

    def _answer(self, call: Call, request_id: str, headers: dict[str, str]) -> tuple[int, bytes]:
        authenticate(call.headers.get("authorization"))
        operation, path = self._route(call)
        tree = forms.decode(call.query, call.body, call.headers.get("content-type", ""))
        version = call.headers.get("stripe-version")
        params = validate(operation.method, operation.path, tree, strict=version is not None)
        key = idempotency.check_key(call.headers.get("idempotency-key")) if call.method == "POST" else None
        if key:
            headers["Idempotency-Key"] = key

        def request_in(tx: Transaction) -> Request:
            tx.request_id, tx.idempotency_key = request_id, key
            return Request(tx, call.method, call.path, path, params, request_id, version, key)

        if call.method == "GET":
            with self.store.read() as tx:
                return 200, _encode(_run(operation, request_in(tx)))
        with self._keys_in_use.hold(key), self.store.write() as tx:
            mark = idempotency.fingerprint(call.method, call.path, tree)
            earlier = idempotency.recorded(tx, key, mark) if key else None
            if earlier is None:
                answer = _execute(operation, request_in(tx))
                if key:
                    idempotency.record(tx, key, mark, answer)
            else:
                answer = earlier
                headers.update({"Idempotent-Replayed": "true", "Original-Request": earlier.request_id})
        # What a request brings about at once, such as a dispute, is there when its answer arrives.
        settle(self.store)
        return answer.status, answer.body

    def _route(self, call: Call) -> tuple[Operation, dict[str, str]]:
        match = self._router.match(call.method, call.path)
        if match is None:
            raise errors.invalid_request(
                f"Unrecognized request URL ({call.method}: {call.path}). If you are trying to list objects, "
                "remove the trailing slash. If you are trying to retrieve an object, make sure you passed a "
                "valid (non-empty) identifier in your code. Please see https://docs.stripe.com "
                "or we can help at https://support.stripe.com/.",
                status=404,
            )
        return match


def _execute(operation: Operation, request: Request) -> Recorded:
    """Run the handler; a decline is an answer to be kept, with or without what was written before it."""
    connection = request.tx.connection
    connection.execute("SAVEPOINT handler")
    try:
        status, body = 200, _encode(_run(operation, request))
    except errors.CardError as error:
        if not error.keep_writes:
            connection.execute("ROLLBACK TO handler")
            request.tx.events.clear()
        status, body = error.status, _encode(_with_log_url(error.as_json(), request.id))
    return Recorded(status, request.id, body)


def _run(operation: Operation, request: Request) -> Json:
    try:
        obj = operation.handler(request)
    except errors.ApiError as error:
        if error.missing_id in request.path.values():
            error.status = 404
        raise
    return expand(request.tx, obj, request.params.get("expand", []))


def _with_log_url(body: Json, request_id: str) -> Json:
    body["error"]["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
    return body


def _internal_error() -> Json:
    message = "The emulator failed to answer this request; its log has the details."
    return {"error": {"message": message, "type": "api_error"}}


def _encode(obj: Json) -> bytes:
    return json.dumps(obj, separators=(",", ":")).encode()
