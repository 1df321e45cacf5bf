"""Browsing and searching objects, each with its JSON, its relations and its events."""

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.hosted.dashboard.addresses import kind_of, title_of
from stripe_emulator.hosted.dashboard.blueprint import bp
from stripe_emulator.hosted.dashboard.kinds import BY_OBJECT, KINDS
from stripe_emulator.hosted.dashboard.possible import actions_for
from stripe_emulator.hosted.dashboard.queries import count, events_about, newest, search
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state import deliveries
from stripe_emulator.state.store import Json, Transaction

PAGE = 50
#: Which kinds name an object of a kind in a field of its name.
POINTING = {
    "customer": ("subscription", "invoice", "payment_intent", "charge", "checkout.session", "payment_method"),
    "payment_intent": ("charge", "checkout.session", "refund", "dispute"),
    "charge": ("refund", "dispute"),
    "product": ("price",),
    "invoice": ("invoice_payment",),
}
LINKS = (
    "customer",
    "subscription",
    "invoice",
    "payment_intent",
    "setup_intent",
    "charge",
    "product",
    "payment_method",
    "default_payment_method",
    "latest_invoice",
    "latest_charge",
    "test_clock",
    "schedule",
    "balance_transaction",
)


@bp.get("/dashboard/<any({slugs}):slug>".format(slugs=", ".join(f'"{slug}"' for slug in KINDS)))
def list_kind(slug: str) -> str:
    """List one kind of object, newest first."""
    kind, number = KINDS[slug], max(1, request.args.get("page", 1, type=int))
    with current_store().read() as tx:
        total = count(tx, kind.object)
        objects = newest(tx, kind.object, PAGE, (min(number, total // PAGE + 1) - 1) * PAGE)
    pages = {"number": number, "last": max(1, -(-total // PAGE))}
    return render_template("dashboard/list.html", kind=kind, objects=objects, total=total, pages=pages)


@bp.get("/dashboard/search")
def search_objects() -> str | Response:
    """Find an object by id, or by a part of its email, name, number or lookup key."""
    words = request.args.get("q", "").strip()[:200]
    kind = kind_of(words)
    with current_store().read() as tx:
        if kind and tx.get(kind, words):
            return redirect(url_for("dashboard.show_object", kind=kind, id=words), 303)
        found = search(tx, words) if words else []
    return render_template("dashboard/search.html", words=words, found=[(each, title_of(each)) for each in found])


@bp.get("/dashboard/object/<kind>/<id>")
def show_object(kind: str, id: str) -> str:
    """Show one object."""
    if kind not in BY_OBJECT:
        abort(404)
    with current_store().read() as tx:
        obj = tx.get(kind, id)
        if obj is None:
            abort(404, "There is no such object. It may have been deleted.")
        context = {
            "obj": obj,
            "heading": title_of(obj),
            "links": links_of(obj),
            "related": related_to(tx, obj),
            "events": events_about(tx, id),
            "actions": actions_for(tx, obj),
            "deliveries": deliveries.latest(tx, event=id) if kind == "event" else [],
        }
    return render_template("dashboard/object.html", **context)


def links_of(obj: Json) -> list[tuple[str, str]]:
    """Return the ids an object points to, by field."""
    found = [(field, obj.get(field)) for field in LINKS]
    parent = (obj.get("parent") or {}).get("subscription_details") or {}
    found.append(("subscription", parent.get("subscription")))
    if obj["object"] == "event":
        found.append(("object", obj["data"]["object"].get("id")))
    return [(field, value) for field, value in found if isinstance(value, str)]


def related_to(tx: Transaction, obj: Json) -> list[tuple[str, Json]]:
    """Return the objects that point to this one."""
    field = obj["object"]
    kinds = POINTING.get(field, ())
    return [(title_of(each), each) for kind in kinds for each in tx.find(kind, **{field: obj["id"]})[:PAGE]]
