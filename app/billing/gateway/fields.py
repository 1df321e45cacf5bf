"""The kinds of fields that Stripe's objects have, each no larger than a column or a clock can hold."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator

from app.database import parse_uuid

LONGEST_TEXT, LONGEST_WORD, LONGEST_NUMBER = 255, 32, 64
LARGEST_AMOUNT = 2**63 - 1
LARGEST_COUNT = 2**31 - 1
LAST_SECOND = 250_000_000_000  # The year 9892: what a datetime can hold, with room for the days of grace.


def id_of(reference: object) -> object:
    """The id of an expandable field, whether it is the id or the object."""
    if isinstance(reference, Mapping) and isinstance(reference.get("id"), str):
        return reference["id"]
    else:
        return reference


def time_of(seconds: object) -> datetime:
    """Stripe's unix seconds as an aware UTC time; raise `ValueError` for what no clock can hold."""
    if type(seconds) is int and 0 <= seconds <= LAST_SECOND:
        return datetime.fromtimestamp(seconds, UTC)
    raise ValueError("not a moment")


def optional_time(seconds: object) -> datetime | None:
    """The same, or None for null."""
    return None if seconds is None else time_of(seconds)


def or_empty(value: object) -> object:
    """An empty object for null."""
    return {} if value is None else value


Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Word = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]
Amount = Annotated[int, Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
Currency = Annotated[str, Field(min_length=3, max_length=3)]
Moment = Annotated[datetime, PlainValidator(time_of)]
OptionalMoment = Annotated[datetime | None, PlainValidator(optional_time)]
Reference = Annotated[Text | None, BeforeValidator(id_of)]
OurId = Annotated[uuid.UUID | None, PlainValidator(parse_uuid)]
