"""Mails: rendered from `templates/mail/` and handed to the mail server."""

import base64
import re
import smtplib
import ssl
import sys
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import click
from flask import current_app

from app.auth.email_addresses import mailable_address
from app.config.settings import Settings
from app.database import utcnow
from app.languages import speaking
from app.mail.outbox import OutboxMail
from app.templating import canonical_url

SMTP_PORT, SUBMISSION_OVER_TLS_PORT = 587, 465
SECONDS = 20
LOGGED_IN = 235
# What one bad mail may cause. Anything else is the server's fault, and the other mails can wait with it.
OF_ONE_MAIL = (
    smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError, smtplib.SMTPNotSupportedError
)  # fmt: skip
# RFC 3463: of the address and its mailbox, in the code that follows the reply's.
OF_A_MAILBOX = re.compile(r"^(5\.[12]\.\d+\b|(?!\d\.))")
# Where a mail's button leads, unless its cause says otherwise.
DEFAULT_PATHS = {
    "welcome": "/dashboard",
    "order_failed": "/pricing",
    "subscription_ended": "/pricing",
    "account_deleted": "/",
    "operator_alert": "/admin/",
    "operator_notice": "/admin/acts",
}


def compose(row: OutboxMail) -> EmailMessage:
    """The mail of an outbox row, in text and HTML, in its receiver's language."""
    with speaking(row.language):
        return _compose(row)


def _compose(row: OutboxMail) -> EmailMessage:
    text = _template(f"{row.template}.txt").make_module(_context(row))
    html = _template(f"{row.template}.html").render(_context(row))
    settings: Settings = current_app.extensions["settings"]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _one_line(str(text.subject))
    message["From"] = _address(settings.mail_from)
    message["To"] = Address(addr_spec=mailable_address(_one_line(row.to_email)))
    message["Date"] = format_datetime(utcnow())
    # From the row: a mail that goes out a second time after a crash is recognised as the same one.
    message["Message-ID"] = f"<{row.id}@{urlsplit(settings.site_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{str(text).strip()}\n")
    message.add_alternative(html, subtype="html")
    return message


def send(message: EmailMessage) -> None:
    """Hand a mail to the server of MAIL_URL; in development without one, print it.

    Raises `OSError` (of which `SMTPException` is one) when the server does not take it.
    """
    settings: Settings = current_app.extensions["settings"]
    url = settings.mail_url.get_secret_value()
    if url:
        _send_by_smtp(urlsplit(url), message)
    elif settings.is_production:
        raise ConnectionError("MAIL_URL is empty")
    else:
        _print(message)


def refusal_for_good(error: Exception) -> str | None:
    """What the server said, where it will say the same for ever: this mailbox takes no such mail."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return None
    code, said = next(iter(error.recipients.values()))
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    # A policy (5.7.1) may be the operator's to mend, and then the mail still goes out.
    return f"{code} {words}" if code >= 500 and OF_A_MAILBOX.match(words) else None


def probe() -> None:
    """Log in to the mail server and leave again; raise `OSError` when that cannot be done."""
    with _server(urlsplit(current_app.extensions["settings"].mail_url.get_secret_value())) as server:
        server.noop()


def _send_by_smtp(url: SplitResult, message: EmailMessage) -> None:
    with _server(url) as server:
        server.send_message(message)


def _server(url: SplitResult) -> smtplib.SMTP:
    """A server that is connected, encrypted where it offers that, and logged in to."""
    trust = ssl.create_default_context()
    if url.scheme == "smtps":
        port = url.port or SUBMISSION_OVER_TLS_PORT
        server: smtplib.SMTP = smtplib.SMTP_SSL(url.hostname or "", port, timeout=SECONDS, context=trust)
    else:
        server = smtplib.SMTP(url.hostname or "", url.port or SMTP_PORT, timeout=SECONDS)
    try:
        server.ehlo()
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=trust)
            server.ehlo()
        if url.username:
            _require_privacy(server)
            _log_in(server, unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    if f"{user}{password}".isascii():
        server.login(user, password)
    else:
        # smtplib knows no other letters; RFC 4616 wants them in UTF-8.
        login = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        code, answer = server.docmd("AUTH", f"PLAIN {login}")
        if code != LOGGED_IN:
            raise smtplib.SMTPAuthenticationError(code, answer)


def _require_privacy(server: smtplib.SMTP) -> None:
    """Send no password over a wire that others can read: whoever sits on it can hide that STARTTLS is offered."""
    assert server.sock is not None
    if not isinstance(server.sock, ssl.SSLSocket) and not ip_address(server.sock.getpeername()[0]).is_loopback:
        raise ConnectionError("the mail server offers no encryption for the password")


def _print(message: EmailMessage) -> None:
    text = message.get_body(("plain",))
    printed = f"\n--- mail to {message['To']}: {message['Subject']}\n{text.get_content() if text else ''}---\n"
    # A console of Windows has few letters.
    letters = sys.stdout.encoding or "utf-8"
    click.echo(printed.encode(letters, "replace").decode(letters))


def _template(name: str) -> Any:
    return current_app.jinja_env.get_template(f"mail/{name}")


def _context(row: OutboxMail) -> dict[str, Any]:
    """The row's context, and what every mail has."""
    defaults = {"user_email": row.to_email, "url": canonical_url(DEFAULT_PATHS.get(row.template, "/account"))}
    return defaults | row.context


def _address(text: str) -> Address:
    name, addr_spec = parseaddr(text)
    return Address(display_name=_one_line(name), addr_spec=addr_spec)


def _one_line(text: str) -> str:
    """No line break can start another header."""
    return " ".join(text.split())
