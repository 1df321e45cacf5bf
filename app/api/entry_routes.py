"""The example product over the API: entries, listed, made, read, changed and deleted."""

import re
import uuid
from datetime import date, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from flask import Response, url_for
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from werkzeug.exceptions import NotFound

from app.access import within_limit
from app.api import bp
from app.api.document import answers, spec
from app.api.reader import scope_required
from app.auth.sessions import this_user
from app.billing.catalog.plans import current_catalog
from app.dashboard.product.forms import EARLIEST, MOST
from app.dashboard.product.models import LONGEST_LABEL, Entry
from app.dashboard.product.reader import count_entries
from app.database import db

MOST_A_PAGE = 100
CURSOR = r"^(\d{4}-\d{2}-\d{2}\.[0-9a-f]{32})?$"
NO_ENTRY = "You have no such entry."


def _read_day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return value
    raise ValueError("Write the day as 2026-11-25.")


def _late_enough(value: date) -> date:
    if value < EARLIEST:
        raise ValueError("Choose a later day.")
    return value


def _readable(value: str) -> str:
    text = " ".join(value.split())
    if not text or not text.isprintable():
        raise ValueError("Say what it was, in letters that can be read.")
    return text


def _read_cursor(value: str) -> tuple[date, uuid.UUID] | None:
    if not value:
        return None
    if not re.fullmatch(CURSOR, value, re.ASCII):
        raise ValueError("Send what `next` of the page before says.")
    day, _, id = value.partition(".")
    return date.fromisoformat(day), uuid.UUID(id)


def _without_nulls(schema: dict[str, Any]) -> None:
    """What is left out is no null that could be sent."""
    for one in schema["properties"].values():
        if one.get("default", "") is None:
            del one["default"]


Day = Annotated[
    date,
    BeforeValidator(_read_day),
    AfterValidator(_late_enough),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-25"]}),
]
Cursor = Annotated[
    tuple[date, uuid.UUID] | None, BeforeValidator(_read_cursor), WithJsonSchema({"type": "string", "pattern": CURSOR})
]
Label = Annotated[str, AfterValidator(_readable), Field(strict=True, min_length=1, max_length=LONGEST_LABEL)]
Amount = Annotated[int, Field(strict=True, ge=1, le=MOST, description="In minor units: 1250 is 12.50.")]
Kind = Literal["in", "out"]


class NewEntry(BaseModel):
    """Something to write down."""

    model_config = ConfigDict(extra="forbid")

    happened_on: Day
    kind: Kind
    label: Label
    amount: Amount


class EntryChanges(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_without_nulls)

    # Never None when it is given: only what is left out has this default, which is never asked for.
    happened_on: Day = Field(None)  # type: ignore[assignment]
    kind: Kind = Field(None)  # type: ignore[arg-type]
    label: Label = Field(None)  # type: ignore[assignment]
    amount: Amount = Field(None)  # type: ignore[assignment]


class EntryShown(BaseModel):
    """An entry."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    happened_on: date
    kind: str
    label: str
    amount: int
    currency: str = Field(default_factory=lambda: current_catalog().currency)
    created_at: datetime


class Page(BaseModel):
    """Where a list begins, and how much of it comes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_without_nulls)

    after: Cursor = Field(None, description="`next` of the page before; left out for the first.")
    limit: int = Field(50, ge=1, le=MOST_A_PAGE)


class EntryPage(BaseModel):
    """Entries, newest day first."""

    entries: list[EntryShown]
    next: str | None = Field(description="What to send as `after` for the next page; null on the last.")


@bp.get("/entries")
@scope_required("entries:read")
@spec.validate(resp=answers(HTTP_200=EntryPage), operation_id="listEntries")
def list_entries(query: Page) -> EntryPage:
    """Your entries, newest day first"""
    own = sa.select(Entry).where(Entry.user_id == this_user().id, _is_beyond(query.after))
    newest_first = own.order_by(Entry.happened_on.desc(), Entry.id.desc())
    rows = db.session.scalars(newest_first.limit(query.limit + 1)).all()
    shown = [EntryShown.model_validate(row) for row in rows[: query.limit]]
    last = shown[-1] if len(rows) > query.limit else None
    return EntryPage(entries=shown, next=f"{last.happened_on}.{last.id.hex}" if last else None)


@bp.post("/entries")
@scope_required("entries:write")
@spec.validate(resp=answers(has_body=True, HTTP_201=EntryShown), operation_id="createEntry")
@within_limit("entries", count_entries)
def create_entry(json: NewEntry) -> tuple[EntryShown, int, dict[str, str]]:
    """Write something down, if your plan has room for one more"""
    entry = Entry(user_id=this_user().id, **json.model_dump())
    db.session.add(entry)
    db.session.commit()
    return EntryShown.model_validate(entry), 201, {"Location": url_for("api.read_entry", entry_id=entry.id)}


@bp.get("/entries/<uuid:entry_id>")
@scope_required("entries:read")
@spec.validate(resp=answers(may_be_missing=True, HTTP_200=EntryShown), operation_id="readEntry")
def read_entry(entry_id: uuid.UUID) -> EntryShown:
    """One of your entries"""
    return EntryShown.model_validate(_find(entry_id))


@bp.patch("/entries/<uuid:entry_id>")
@scope_required("entries:write")
@spec.validate(resp=answers(has_body=True, may_be_missing=True, HTTP_200=EntryShown), operation_id="changeEntry")
def change_entry(entry_id: uuid.UUID, json: EntryChanges) -> EntryShown:
    """Change what you send, and leave the rest"""
    entry = _find(entry_id)
    for name, value in json.model_dump(exclude_unset=True).items():
        setattr(entry, name, value)
    db.session.commit()
    return EntryShown.model_validate(entry)


@bp.delete("/entries/<uuid:entry_id>")
@scope_required("entries:write")
@spec.validate(resp=answers(may_be_missing=True, HTTP_204=None), operation_id="deleteEntry")
def delete_entry(entry_id: uuid.UUID) -> Response:
    """Delete one of your entries"""
    db.session.delete(_find(entry_id))
    db.session.commit()
    return Response(status=204)


def _is_beyond(last: tuple[date, uuid.UUID] | None) -> sa.ColumnElement[bool]:
    if last is None:
        return sa.true()
    return sa.tuple_(Entry.happened_on, Entry.id) < sa.tuple_(*map(sa.literal, last))


def _find(entry_id: uuid.UUID) -> Entry:
    entry = db.session.get(Entry, entry_id)
    if entry is None or entry.user_id != this_user().id:
        raise NotFound(NO_ENTRY)
    return entry
