"""Payment pages: how the official CLI completes a Checkout Session without a browser."""

from stripe_emulator.api import errors
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.validation import describe
from stripe_emulator.engine.checkout import checkout
from stripe_emulator.engine.checkout.session_items import KIND, items_of
from stripe_emulator.engine.payments import payment_methods
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_PATH = "/v1/payment_pages/{page}"

describe("GET", _PATH, {"eid": "s"})
describe(
    "POST",
    _PATH + "/confirm",
    {
        "payment_method": "s",
        "expected_amount": "i",
        "eid": "s",
        "key": "s",
        "expected_payment_method_type": "s",
        "return_url": "s",
        "promotion_code": "s",
    },
)


@operation("GET", _PATH)
def retrieve(request: Request) -> Json:
    """Return the page of a session."""
    return _page(request.tx, _session(request))


@operation("POST", _PATH + "/confirm")
def confirm(request: Request) -> Json:
    """Pay the session's page; a decline is a 402."""
    tx, params = request.tx, request.params
    session = _session(request)
    if session["status"] != "complete":
        checkout.check_open(tx, session)
    given = params.get("payment_method")
    method = payment_methods.resolve(tx, given) if given else None
    done = checkout.complete_session(
        tx,
        session["id"],
        payment_method=method,
        expected_amount=params.get("expected_amount"),
        promotion_code=params.get("promotion_code"),
    )
    return _page(tx, done)


def _session(request: Request) -> Json:
    session = request.tx.get(KIND, request.path["page"])
    if session is None:
        raise errors.resource_missing("payment_page", request.path["page"])
    return session


def _page(tx: Transaction, session: Json) -> Json:
    waiting = checkout.pending_intent(tx, session)
    paid = session["payment_intent"] and tx.get("payment_intent", session["payment_intent"])
    setup = session["setup_intent"] and tx.get("setup_intent", session["setup_intent"])
    total = session["amount_total"] or 0
    return {
        "id": f"ppage_1{session['id'][-23:]}",
        "object": "payment_page",
        "amount_total": total,
        "currency": session["currency"],
        "customer": session["customer"],
        "customer_email": (session["customer_details"] or {}).get("email"),
        "invoice": session["invoice"],
        "line_item_group": {
            "currency": session["currency"],
            "line_items": items_of(tx, session),
            "total": total,
        },
        "livemode": False,
        "mode": session["mode"],
        "payment_intent": waiting if waiting and waiting["object"] == "payment_intent" else paid,
        "payment_method_types": session["payment_method_types"],
        "payment_status": session["payment_status"],
        "session_id": session["id"],
        "setup_intent": waiting if waiting and waiting["object"] == "setup_intent" else setup,
        "state": {"complete": "succeeded", "expired": "expired"}.get(session["status"] or "", "active"),
        "status": session["status"],
        "subscription": session["subscription"],
        "success_url": session["success_url"],
        "url": session["url"],
    }
