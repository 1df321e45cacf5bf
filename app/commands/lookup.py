"""What commands are told in words: an address, a role, a date."""

from datetime import UTC, datetime

import click
import sqlalchemy as sa

from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.models import User
from app.database import db


def user_with(email: str) -> User:
    """The user with this address; exit with one line when there is none."""
    user = db.session.scalar(sa.select(User).where(User.email == _spelled(email)))
    if user is None:
        raise click.ClickException(f"No user has the address {email}.")
    return user


class UtcMoment(click.ParamType[datetime]):
    """An ISO 8601 date or time; without a zone it is UTC, and a bare date counts to its end."""

    name = "date"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the text, or say what was expected."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2027-01-31.", param, ctx)
        if len(value.strip()) == len("2027-01-31"):
            moment = moment.replace(hour=23, minute=59, second=59)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _spelled(email: str) -> str:
    try:
        return normalize_address(email)
    except InvalidAddress:
        return email
