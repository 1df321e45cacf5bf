"""A Stripe that plays a recorded life again: it answers with each object as it was when the last event happened."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
MISSING = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such object."}}


class RecordedStripe:
    """Knows the objects of the events that have happened so far."""

    def __init__(self, account: Json, fixed: list[Json]) -> None:
        self.calls = 0
        self._account = account
        # What no event shows, such as which payment paid which invoice.
        self._fixed = fixed
        self._objects: dict[str, Json] = {}
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                status, answer = double._answer(self.path)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                """What has happened, has happened."""
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def forget(self) -> None:
        """Start again before the first event."""
        self._objects.clear()
        self.calls = 0

    def happen(self, event: Json) -> None:
        """Let an event come true: from now on its object is answered as the event has it."""
        stripe_object = event["data"]["object"]
        before = self._objects.get(stripe_object.get("id", ""), {})
        self._objects[stripe_object.get("id", "")] = stripe_object
        if stripe_object["object"] == "refund" and before.get("status") != stripe_object["status"] == "failed":
            self._take_back(stripe_object)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, address: str) -> tuple[int, Json]:
        self.calls += 1
        path = urlsplit(address).path.removeprefix("/v1/")
        if path == "account":
            return 200, self._account
        elif path == "invoice_payments":
            return 200, self._invoice_payments(parse_qs(urlsplit(address).query))
        elif path == "invoices":
            return 200, self._invoices(parse_qs(urlsplit(address).query))
        found = self._objects.get(re.sub(r".*/", "", path))
        return (200, found) if found else (404, MISSING)

    def _take_back(self, refund: Json) -> None:
        """No event shows the charge of a refund that failed."""
        charge = self._objects[refund["charge"]]
        left = charge["amount_refunded"] - refund["amount"]
        self._objects[charge["id"]] = charge | {"amount_refunded": left, "refunded": False}

    def _invoices(self, query: dict[str, list[str]]) -> Json:
        [subscription] = query["subscription"]
        invoices = [one for one in self._objects.values() if one.get("object") == "invoice" and one.get("id")]
        data = [one for one in invoices if _subscription_of(one) == subscription]
        data.sort(key=lambda one: one["created"], reverse=True)
        return {"object": "list", "data": data, "has_more": False, "url": "/v1/invoices"}

    def _invoice_payments(self, query: dict[str, list[str]]) -> Json:
        [intent] = query["payment[payment_intent]"]
        data = [one for one in self._fixed if one["payment"].get("payment_intent") == intent]
        return {"object": "list", "data": data, "has_more": False, "url": "/v1/invoice_payments"}


def _subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return str(details["subscription"]) if details else None
