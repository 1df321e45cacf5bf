"""Pages for development alone: all components with their states, and the mails that were written."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request, url_for

from app.auth.forms import LoginForm
from app.config.settings import is_loopback
from app.database import db
from app.dev.samples import sample_lives, sample_rows, sample_summaries
from app.dev.setup import steps
from app.mail.compose import compose
from app.mail.outbox import OutboxMail

bp = Blueprint("dev", __name__, url_prefix="/dev")

MAILS_SHOWN = 50
# Mail programs know inline styles only, so mails have them; nothing else may be loaded or run.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


@dataclass(frozen=True)
class Message:
    """A mail as the page shows it."""

    id: uuid.UUID
    to: str
    subject: str
    sent_at: datetime | None
    text: str
    url: str


@bp.before_request
def let_this_machine_in() -> None:
    """These pages show what others must not see; a foreign Host would be a page elsewhere that a browser visits."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if not is_loopback(request.remote_addr or "") or not is_loopback(host):
        abort(404)


@bp.get("/components")
def components() -> str:
    """Every component in every state."""
    form = LoginForm(formdata=None)
    form.email.errors = ["Enter your e-mail address."]
    form.password.errors = ["Enter your password."]
    return render_template(
        "dev/components.html", form=form, summaries=sample_summaries(), rows=sample_rows(), lives=sample_lives()
    )


@bp.get("/setup")
def setup() -> str:
    """What a fresh clone still needs."""
    return render_template("dev/setup.html", steps=steps())


@bp.get("/mail")
def mail() -> str:
    """The newest mails, as text; those that were emptied with time say nothing any more."""
    kept = sa.select(OutboxMail).where(OutboxMail.to_email != "")
    rows = db.session.scalars(kept.order_by(OutboxMail.created_at.desc()).limit(MAILS_SHOWN))
    return render_template("dev/mail.html", messages=[_message(row) for row in rows])


@bp.get("/mail/<uuid:id>")
def mail_html(id: uuid.UUID) -> Response:
    """One mail as its reader sees it."""
    row = db.session.get(OutboxMail, id) or abort(404)
    part = compose(row).get_body(("html",))
    return Response(part.get_content() if part else "", headers={"Content-Security-Policy": MAIL_POLICY})


def _message(row: OutboxMail) -> Message:
    message = compose(row)
    part = message.get_body(("plain",))
    text = part.get_content() if part else ""
    return Message(row.id, row.to_email, message["Subject"], row.sent_at, text, url_for("dev.mail_html", id=row.id))
