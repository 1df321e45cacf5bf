"""The mails that were written, as a test reads them."""

from urllib.parse import urlsplit

from flask import Flask

from app.database import db
from app.mail.outbox import OutboxMail


def mails(app: Flask, to: str | None = None) -> list[tuple[str, str]]:
    """What was written, oldest first: template and address."""
    with app.app_context():
        rows = db.session.scalars(db.select(OutboxMail).order_by(OutboxMail.created_at)).all()
        return [(row.template, row.to_email) for row in rows if to in (None, row.to_email)]


def link_path(app: Flask, template: str, to: str) -> str:
    """The path that the newest such mail leads to."""
    with app.app_context():
        query = db.select(OutboxMail).where(OutboxMail.template == template, OutboxMail.to_email == to)
        row = db.session.scalars(query.order_by(OutboxMail.created_at.desc())).first()
        assert row is not None, f"no mail {template} to {to}"
        return urlsplit(row.context["url"]).path
