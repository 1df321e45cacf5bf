"""The end of a request that wrote mails: commit, and have them delivered."""

from app.database import db


def commit_and_deliver() -> None:
    """Commit, and only then have the mails go out that the transaction wrote."""
    from app.jobs import deliver_soon

    db.session.commit()
    deliver_soon()
