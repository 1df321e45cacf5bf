"""From an HTTP request to Stripe's answer: key, form, rules, transaction, expansion."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from stripe_emulator.api import errors, forms, idempotency
from stripe_emulator.api.auth import authenticate, check_account
from stripe_emulator.api.expand import expand
from stripe_emulator.api.idempotency import Recorded
from stripe_emulator.api.old_shapes import shaped
from stripe_emulator.api.registry import Operation, Request, Router, operations
from stripe_emulator.api.validation import validate
from stripe_emulator.api.versions import answered_in, check_version, notice
from stripe_emulator.server.due import prepare, settle
from stripe_emulator.spec import API_VERSION
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json, ordered
from stripe_emulator.state.store import Store
from stripe_emulator.state.transaction import Transaction

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


@dataclass(frozen=True)
class Prepared:
    """A call that may be carried out: let in, understood and checked."""

    call: Call
    request_id: str
    secret_key: str
    operation: Operation
    path: dict[str, str]
    params: Json
    mark: str
    idempotency_key: str | None

    def in_transaction(self, tx: Transaction) -> Request:
        """Return the request as the handler sees it."""
        headers = self.call.headers
        check_account(tx, headers.get("stripe-account"), self.secret_key)
        tx.request_id, tx.idempotency_key = self.request_id, self.idempotency_key
        return Request(
            tx,
            self.call.method,
            self.call.path,
            self.path,
            self.params,
            self.request_id,
            headers.get("stripe-version"),
            self.idempotency_key,
            headers.get("stripe-account"),
        )


class Api:
    """Answers everything under `/v1`, and says of `/v2` that it is not there."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._router = Router(operations())
        self._keys_in_use = idempotency.KeysInUse()
        #: Called with every call and its answer.
        self.watchers: list[Callable[[Call, Answer], None]] = []
        prepare(store)

    def handle(self, call: Call) -> Answer:
        """Answer one call; whatever happens, in Stripe's form."""
        request_id = ids.new_id("request")
        asked = call.headers.get("stripe-version")
        headers = {"Request-Id": request_id, "Stripe-Version": asked or API_VERSION}
        try:
            told = notice(asked)
            if told:
                headers.update({"Stripe-Notice": told, "Stripe-Version": API_VERSION})
            status, body = self._answer(call, request_id, headers)
        except errors.ApiError as error:
            status, body = error.status, _encode(_with_log_url(error.as_json(), request_id))
        except Exception:
            logger.exception("The emulator failed to answer %s %s", call.method, call.path)
            status, body = 500, _encode(_internal_error())
        if "stripe-version" not in call.headers:
            # A person reads what curl and the CLI print; the SDKs state their version.
            body = json.dumps(json.loads(body), indent=2).encode()
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
        answer = Answer(status, headers, body)
        for watch in self.watchers:
            watch(call, answer)
        return answer

    def _answer(self, call: Call, request_id: str, headers: dict[str, str]) -> tuple[int, bytes]:
        prepared = self._prepare(call, request_id)
        if prepared.idempotency_key:
            headers["Idempotency-Key"] = prepared.idempotency_key
        if call.method == "GET":
            with self.store.read() as tx:
                return 200, _encode(_run(prepared.operation, prepared.in_transaction(tx)))
        answer = self._write(prepared)
        if answer.request_id != request_id:
            headers.update({"Idempotent-Replayed": "true", "Original-Request": answer.request_id})
        return answer.status, answer.body

    def _prepare(self, call: Call, request_id: str) -> Prepared:
        """Check everything that can be checked without looking at what is stored."""
        secret_key = authenticate(call.headers.get("authorization"))
        check_version(call.headers.get("stripe-version"))
        operation, path = self._route(call)
        tree = forms.decode(call.query, call.body, call.headers.get("content-type", ""))
        params = validate(operation.method, operation.path, tree, call.headers.get("stripe-version"))
        key = idempotency.check_key(call.headers.get("idempotency-key")) if call.method == "POST" else None
        mark = idempotency.fingerprint(call.method, call.path, tree) if key else ""
        return Prepared(call, request_id, secret_key, operation, path, params, mark, key)

    def _write(self, prepared: Prepared) -> Recorded:
        """Carry the call out once per idempotency key, in one transaction with the record of the key."""
        key = prepared.idempotency_key
        with self._keys_in_use.hold(key), self.store.write() as tx:
            earlier = idempotency.recorded(tx, key, prepared.mark) if key else None
            if earlier:
                return earlier
            answer = _execute(prepared.operation, prepared.in_transaction(tx))
            if key:
                idempotency.record(tx, key, prepared.mark, answer)
        # What a request brings about at once, such as a dispute, is there when its answer arrives.
        settle(self.store)
        return answer

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
    expanded = expand(request.tx, obj, request.params.get("expand", []))
    return shaped(request.tx, expanded, answered_in(request.api_version))


def _with_log_url(body: Json, request_id: str) -> Json:
    body["error"]["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
    return body


def _internal_error() -> Json:
    message = "The emulator failed to answer this request; its log has the details."
    return {"error": {"message": message, "type": "api_error"}}


def _encode(obj: Json) -> bytes:
    return json.dumps(ordered(obj), separators=(",", ":")).encode()
