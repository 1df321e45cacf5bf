"""Pages for development alone: all components with their states, what is set up, and the mails that were written."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug import Response as Answer

from app.auth.forms import LoginForm
from app.config.settings import is_loopback
from app.database import db
from app.dev.samples import sample_lives, sample_rows, sample_summaries
from app.dev.setup import steps
from app.dev.strip import SEEN_COOKIE, mails_seen_at, moved_clock, unread_mails
from app.mail.compose import compose
from app.mail.outbox import OutboxMail

bp = Blueprint("dev", __name__)
bp.add_app_template_global(unread_mails)
bp.add_app_template_global(moved_clock)

MAILS_SHOWN = 50
# Mail programs know inline styles only, so mails have them; nothing else may be loaded or run.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
MAIL_HEADERS = {"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}


@dataclass(frozen=True)
class Message:
    """A mail as the page shows it; `is_new` until the page was looked at."""

    id: uuid.UUID
    to: str
    subject: str
    written_at: datetime
    text: str
    is_new: bool


@bp.before_request
def let_this_machine_in() -> None:
    """These pages show what others must not see; a foreign Host would be a page elsewhere that a browser visits."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if not is_loopback(request.remote_addr or "") or not is_loopback(host):
        abort(404)


@bp.get("/dev/components")
def components() -> str:
    """Every component in every state."""
    form = LoginForm(formdata=None)
    form.email.errors = ["Enter your e-mail address."]
    form.password.errors = ["Enter your password."]
    return render_template(
        "dev/components.html", form=form, summaries=sample_summaries(), rows=sample_rows(), lives=sample_lives()
    )


@bp.get("/dev/setup")
def setup() -> str:
    """What a fresh clone still needs."""
    return render_template("dev/setup.html", steps=steps())


@bp.get("/setup")
def first_run() -> Answer:
    """Where somebody who has just started the site looks first."""
    return redirect(url_for("dev.setup"))


@bp.get("/dev/mail")
@bp.get("/dev/mail/<uuid:id>")
def mail(id: uuid.UUID | None = None) -> Response:
    """The newest mails, and one of them to read; those that were emptied with time say nothing any more."""
    kept = sa.select(OutboxMail).where(OutboxMail.to_email != "").order_by(OutboxMail.created_at.desc())
    seen_at = mails_seen_at()
    messages = [_message(row, seen_at) for row in db.session.scalars(kept.limit(MAILS_SHOWN))]
    chosen = next((each for each in messages if each.id == id), None) if id else next(iter(messages), None)
    if id and chosen is None:
        abort(404)
    page = make_response(render_template("dev/mail.html", messages=messages, chosen=chosen))
    if messages:
        page.set_cookie(SEEN_COOKIE, messages[0].written_at.isoformat(), httponly=True, samesite="Lax")
    return page


@bp.get("/dev/mail/<uuid:id>/html")
def mail_html(id: uuid.UUID) -> Response:
    """One mail as its reader sees it, for the frame on the page; its links lead out of the frame."""
    row = db.session.get(OutboxMail, id) or abort(404)
    part = compose(row).get_body(("html",))
    html = str(part.get_content()) if part else ""
    return Response(html.replace("<head>", '<head><base target="_top">', 1), headers=MAIL_HEADERS)


def _message(row: OutboxMail, seen_at: datetime | None) -> Message:
    message = compose(row)
    part = message.get_body(("plain",))
    text = part.get_content() if part else ""
    is_new = seen_at is None or row.created_at > seen_at
    return Message(row.id, row.to_email, message["Subject"], row.created_at, text, is_new)
