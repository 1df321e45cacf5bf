"""What keeps a database from answering, in words."""

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

# What a driver says, and what that means.
SIGNS = {
    "authentication failed": "it refuses the user or the password",
    "no pg_hba.conf entry": "it refuses this machine or this user",
    "fatal: role": "it has no such user",
    "fatal: database": "it has no such database",
    "too many": "it has no connection left",
    "remaining connection slots": "it has no connection left",
    "starting up": "it is starting",
    "shutting down": "it is stopping",
    "administrator command": "it is stopping",
    "refused": "nobody listens at its address",
    "failed to resolve": "its host has no address",
    "timeout": "it takes too long",
    "silent": "it takes too long",
    "unable to open": "its file cannot be opened",
}


def is_away(error: SQLAlchemyError) -> bool:
    """Whether the database could not be reached, or was lost on the way: what was asked has nothing to do with it."""
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return is_lost or (isinstance(error, OperationalError) and error.statement is None)


def why_no_answer(error: SQLAlchemyError) -> str:
    """What keeps the database from answering, as far as strangers may know: no names."""
    said = driver_says(error).lower()
    reason = next((reason for sign, reason in SIGNS.items() if sign in said), None)
    return "the database does not answer" + (f": {reason}" if reason else "")


def driver_says(error: SQLAlchemyError) -> str:
    """The driver's own words, in one line; they name hosts and users, but no password."""
    return " ".join(str(getattr(error, "orig", None) or error).split())
