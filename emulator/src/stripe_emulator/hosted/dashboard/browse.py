"""Browsing and searching objects, each with its JSON, its relations and its events."""

from collections.abc import Iterator

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.hosted.dashboard.addresses import kind_of, page_of, title_of
from stripe_emulator.hosted.dashboard.blueprint import bp
from stripe_emulator.hosted.dashboard.kinds import BY_OBJECT, KINDS
from stripe_emulator.hosted.dashboard.possible import actions_for
from stripe_emulator.hosted.dashboard.queries import count, events_about, naming, newest, search
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state import deliveries
from stripe_emulator.state.store import Json, Transaction

PAGE = 50
SHOWN_LINKS = 30


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
    """Return the ids anywhere in an object that have a page, each once, by the name of its field."""
    found: dict[str, str] = {}
    for field, value in _texts(obj, ""):
        if value != obj["id"] and page_of(value):
            found.setdefault(value, field)
    return [(field, value) for value, field in found.items()][:SHOWN_LINKS]


def related_to(tx: Transaction, obj: Json) -> list[tuple[str, Json]]:
    """Return the objects that name this one, newest first, and that it does not name itself."""
    named = {value for _, value in links_of(obj)}
    return [(title_of(each), each) for each in naming(tx, obj["id"], PAGE) if each["id"] not in named]


def _texts(value: object, field: str) -> Iterator[tuple[str, str]]:
    """Walk through an object's texts; an id is called by what holds it."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, field if name == "id" else name)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, field)
    elif isinstance(value, str):
        yield field, value
