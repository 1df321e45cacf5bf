"""What a list shows of each object, cell by cell."""

from collections.abc import Callable
from dataclasses import dataclass

from stripe_emulator.hosted.money import format_amount, format_interval, format_price
from stripe_emulator.hosted.templating import format_brand, format_row_moment
from stripe_emulator.state.store import Json


@dataclass(frozen=True)
class Column:
    """One column of a list; `shape` says how its cells are set: `text`, `figure`, `badge` or `id`."""

    label: str
    cell: Callable[[Json], str | None]
    shape: str = "text"


def text(label: str, key: str) -> Column:
    """Show a field as it is."""
    return Column(label, lambda each: each.get(key))


def badge(label: str, key: str = "status") -> Column:
    """Show a status."""
    return Column(label, lambda each: each.get(key), "badge")


def link(label: str, key: str) -> Column:
    """Show the id of another object, as a link to it."""
    return Column(label, lambda each: _id_of(each.get(key)), "id")


def money(label: str, key: str) -> Column:
    """Show an amount in the object's own currency."""
    return Column(label, lambda each: format_amount(each.get(key), each.get("currency")), "figure")


def _id_of(value: str | Json | None) -> str | None:
    return value["id"] if isinstance(value, dict) else value


def _plan(each: Json) -> str:
    return ", ".join(_item(item, each["currency"]) for item in each["items"]["data"])


def _item(item: Json, currency: str) -> str:
    price, quantity = item["price"], item.get("quantity") or 1
    if price["currency"] == currency:
        return format_price(price, quantity)
    # The price as it stands here tells its amount in its own currency alone.
    return f"{currency.upper()} {format_interval(price['recurring'])}"


def _off(coupon: Json) -> str:
    if coupon["percent_off"]:
        return f"{coupon['percent_off']:g} %"
    return format_amount(coupon["amount_off"], coupon["currency"])


CREATED = Column("Created, UTC", lambda each: format_row_moment(each.get("created")))
CUSTOMER = link("Customer", "customer")
STATUS = badge("Status")
PLAN = Column("Plan", _plan)
PRICE = Column("Price", format_price, "figure")
OFF = Column("Off", _off, "figure")
ABOUT = Column("Object", lambda each: each["data"]["object"].get("id"), "id")
METHOD = Column("Method", format_brand)
CLOCK = Column("Time, UTC", lambda each: format_row_moment(each.get("frozen_time")))
