"""Mails and their delivery, to a real mail server on the loopback."""

import contextlib
import io
import shutil
import smtplib
import ssl
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask
from pydantic import SecretStr

from app.config.settings import Settings
from app.database import db, utcnow
from app.mail import compose as mail
from app.mail import delivery
from app.mail.delivery import deliver_due
from app.mail.outbox import OutboxMail, queue_mail
from tests.mail.smtp_server import SmtpServer

TEMPLATES = sorted(path.stem for path in Path("templates/mail").glob("*.txt") if path.stem != "base")
CONTEXT = {
    "plan_name": "Pro",
    "amount": 2900,
    "currency": "usd",
    "interval": "month",
    "trial_days": 0,
    "date": "2026-12-20T10:00:00+00:00",
    "next_attempt_at": "2026-12-21T10:00:00+00:00",
    "hosted_invoice_url": "https://invoice.example.com/1",
    "new_email": "alice@new.example.com",
    "url": "https://example.com/verify?token=abc&next=1",
}


@pytest.fixture
def mail_server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def mailing(app: Flask, settings: Settings, mail_server: SmtpServer) -> Iterator[Flask]:
    """The application with MAIL_URL at the server of the test, in its context."""
    use_mail_url(app, settings, f"smtp://127.0.0.1:{mail_server.port}")
    with app.app_context():
        yield app
    app.extensions["settings"] = settings


def use_mail_url(app: Flask, settings: Settings, url: str, **changes: object) -> None:
    app.extensions["settings"] = settings.model_copy(update={"mail_url": SecretStr(url), **changes})


def queue(cause: str = "test:1", *, template: str = "order_confirmed", to: str = "alice@example.com") -> None:
    queue_mail(template, to=to, cause=cause, context=CONTEXT)
    db.session.commit()


@pytest.mark.parametrize(("environment", "kept"), [("production", {}), ("development", CONTEXT)])
def test_sent_mail_keeps_its_links_in_development_alone(
    mailing: Flask, settings: Settings, mail_server: SmtpServer, environment: str, kept: dict[str, object]
) -> None:
    use_mail_url(mailing, settings, f"smtp://127.0.0.1:{mail_server.port}", app_env=environment)
    queue()
    waiting = only_row().context

    assert deliver_due() == 1

    assert (waiting, only_row().context) == (CONTEXT, kept)


def make_due() -> None:
    db.session.execute(db.update(OutboxMail).values(next_try_at=utcnow()))
    db.session.commit()


def only_row() -> OutboxMail:
    db.session.expire_all()
    row: OutboxMail = db.session.scalars(db.select(OutboxMail)).one()
    return row


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_has_a_subject_a_text_and_html(mailing: Flask, mail_server: SmtpServer, template: str) -> None:
    queue(template=template)

    assert deliver_due() == 1

    [sent] = mail_server.mails
    text, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert text is not None
    assert html is not None
    assert sent["Subject"]
    assert "Perennial" in text.get_content()
    assert "<html" in html.get_content()
    assert "{{" not in text.get_content() + html.get_content()


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_can_be_written_from_the_least_that_is_known(mailing: Flask, template: str) -> None:
    is_about_a_date = template in ("subscription_ended", "trial_will_end")
    least = {name: CONTEXT[name] for name in ("amount", "currency", "plan_name", "new_email")}
    least["date"] = CONTEXT["date"] if is_about_a_date else None
    queue_mail(template, to="alice@example.com", cause="least", context=least)
    db.session.commit()

    assert deliver_due() == 1, only_row().error


def test_mail_says_who_sent_it_and_that_no_person_did(mailing: Flask, mail_server: SmtpServer) -> None:
    queue()

    deliver_due()

    [sent] = mail_server.mails
    row = only_row()
    assert sent["From"] == "Perennial <hello@example.com>"
    assert sent["To"] == "alice@example.com"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"] == f"<{row.id}@127.0.0.1>"
    assert row.sent_at is not None


def test_text_is_not_escaped_and_html_is(mailing: Flask, mail_server: SmtpServer) -> None:
    queue(template="verify_email")

    deliver_due()

    text, html = (mail_server.mails[0].get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert CONTEXT["url"] in text.get_content()
    assert "token=abc&amp;next=1" in html.get_content()


def test_delivered_mail_goes_out_once(mailing: Flask, mail_server: SmtpServer) -> None:
    queue()

    assert (deliver_due(), deliver_due()) == (1, 0)

    assert len(mail_server.mails) == 1


def test_second_mail_with_the_same_cause_is_dropped(mailing: Flask, mail_server: SmtpServer) -> None:
    queue("invoice_attempt:in_1:1")
    queue("invoice_attempt:in_1:1")

    assert deliver_due() == 1


def test_two_workers_send_each_mail_once(mailing: Flask, mail_server: SmtpServer) -> None:
    mail_server.slowness = 0.05
    for number in range(10):
        queue(f"test:{number}")
    db.session.rollback()

    def work() -> None:
        with mailing.app_context():
            deliver_due()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(mail_server.mails) == 10
    assert len({sent["Message-ID"] for sent in mail_server.mails}) == 10


def test_database_is_free_while_the_mail_server_takes_its_time(mailing: Flask, mail_server: SmtpServer) -> None:
    mail_server.slowness = 30
    queue()

    def work() -> None:
        with mailing.app_context():
            deliver_due()

    worker = threading.Thread(target=work)
    worker.start()
    assert mail_server.is_talking.wait(10)
    before = time.monotonic()
    queue("test:2")
    taken = time.monotonic() - before
    mail_server.may_answer.set()
    worker.join()

    assert taken < 1


def test_mail_waits_while_the_server_is_down_and_goes_out_later(
    mailing: Flask, settings: Settings, mail_server: SmtpServer
) -> None:
    use_mail_url(mailing, settings, "smtp://127.0.0.1:9")
    queue()
    assert deliver_due() == 0
    row = only_row()
    assert row.tries == 1
    assert row.error is not None
    assert "ConnectionRefusedError" in row.error
    assert row.next_try_at > utcnow()

    use_mail_url(mailing, settings, f"smtp://127.0.0.1:{mail_server.port}")
    make_due()

    assert deliver_due() == 1
    assert only_row().error is None


def test_delays_grow_and_have_a_limit(mailing: Flask, settings: Settings) -> None:
    use_mail_url(mailing, settings, "smtp://127.0.0.1:9")
    queue()
    delays = []
    for _ in range(12):
        make_due()
        before = utcnow()
        deliver_due()
        delays.append(only_row().next_try_at - before)

    rounded = [round(delay / timedelta(minutes=1)) for delay in delays]
    assert rounded == sorted(rounded)
    assert delays[0] < timedelta(minutes=2)
    assert delays[-1] <= delivery.LONGEST_DELAY + timedelta(seconds=5)


def test_refused_address_keeps_no_other_mail_from_going_out(mailing: Flask, mail_server: SmtpServer) -> None:
    mail_server.refused = {"gone@example.com"}
    queue("test:1", to="gone@example.com")
    queue("test:2")

    assert deliver_due() == 1

    assert [sent["To"] for sent in mail_server.mails] == ["alice@example.com"]


def test_mail_that_was_refused_for_good_is_tried_once_and_shown(
    mailing: Flask, mail_server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.refused = {"alice@example.com"}
    queue()
    deliver_due()
    make_due()
    db.session.execute(db.update(OutboxMail).values(created_at=utcnow() - timedelta(hours=2)))

    assert deliver_due() == 0

    assert (only_row().tries, only_row().refused_at is None) == (1, False)
    assert delivery.count_stuck() == 0
    assert delivery.last_refusals() == ["order_confirmed to alice@example.com: 550 5.1.1 no such mailbox"]


def test_mail_that_was_refused_by_policy_is_tried_again(mailing: Flask, mail_server: SmtpServer) -> None:
    mail_server.refused, mail_server.refusal = {"alice@example.com"}, "550 5.7.1 relaying denied"
    queue()
    deliver_due()
    mail_server.refused = set()
    make_due()

    assert deliver_due() == 1


def test_domain_in_other_letters_is_written_as_every_mail_server_takes_it(
    mailing: Flask, mail_server: SmtpServer
) -> None:
    queue("test:1", to="zoe@straße.de")

    assert deliver_due() == 1

    assert [sent["To"] for sent in mail_server.mails] == ["zoe@xn--strae-oqa.de"]


def test_mail_that_cannot_be_written_is_kept_with_its_error(mailing: Flask, mail_server: SmtpServer) -> None:
    queue("test:1", template="no_such_template")
    queue("test:2")

    assert deliver_due() == 1

    broken = db.session.scalar(db.select(OutboxMail).where(OutboxMail.cause == "test:1"))
    assert broken is not None
    assert broken.error is not None
    assert "TemplateNotFound" in broken.error


def test_mail_of_a_worker_that_died_is_taken_over(mailing: Flask, mail_server: SmtpServer) -> None:
    queue()
    assert delivery._claim() is not None
    assert deliver_due() == 0

    make_due()

    assert deliver_due() == 1


def test_stuck_mails_are_counted(mailing: Flask) -> None:
    queue()
    assert delivery.count_stuck() == 0

    db.session.execute(db.update(OutboxMail).values(created_at=utcnow() - timedelta(hours=2)))

    assert delivery.count_stuck() == 1


def test_mail_that_was_given_up_is_neither_stuck_nor_sent(mailing: Flask) -> None:
    queue()

    db.session.execute(db.update(OutboxMail).values(created_at=utcnow() - timedelta(days=7, hours=1)))

    assert delivery.count_stuck() == 0
    assert deliver_due() == 0


def test_login_is_sent_and_never_told(
    mailing: Flask, settings: Settings, mail_server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    use_mail_url(mailing, settings, f"smtp://the%40user:wr%2Fong@127.0.0.1:{mail_server.port}")
    queue()

    deliver_due()

    assert mail_server.logins[0] == ("the@user", "wr/ong")
    error = only_row().error or ""
    assert "SMTPAuthenticationError" in error
    assert "wr/ong" not in error + caplog.text


@pytest.mark.parametrize("password", ["wr%C3%A4ng", "gr%C3%BC%C3%9Fe"])
def test_password_in_other_letters_is_sent_as_utf_8(
    mailing: Flask, settings: Settings, mail_server: SmtpServer, password: str
) -> None:
    mail_server.password = "grüße"
    use_mail_url(mailing, settings, f"smtp://user:{password}@127.0.0.1:{mail_server.port}")
    queue()

    sent = deliver_due()

    assert mail_server.logins == [("user", unquote(password))]
    assert sent == (1 if unquote(password) == "grüße" else 0)
    assert sent or "SMTPAuthenticationError" in (only_row().error or "")


def test_host_that_is_none_kills_no_job(mailing: Flask, settings: Settings) -> None:
    use_mail_url(mailing, settings, "smtp://mail..example.com:25")
    queue()

    assert deliver_due() == 0

    assert "UnicodeError" in (only_row().error or "")


def test_mail_is_printed_on_a_console_of_few_letters(
    mailing: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    use_mail_url(mailing, settings, "")
    queue_mail("order_confirmed", to="zoe@example.com", cause="test", context=CONTEXT | {"plan_name": "Про"})
    db.session.commit()
    monkeypatch.setattr("sys.stdout", console)

    assert deliver_due() == 1

    console.flush()
    assert b"mail to zoe@example.com: Your ??? subscription is active: $29" in console.buffer.getvalue()  # type: ignore[attr-defined]


def test_probe_logs_in(mailing: Flask, settings: Settings, mail_server: SmtpServer) -> None:
    use_mail_url(mailing, settings, f"smtp://user:right@127.0.0.1:{mail_server.port}")

    mail.probe()

    assert mail_server.logins == [("user", "right")]


@pytest.mark.parametrize("name", ["to_email", "subject"])
def test_line_breaks_start_no_other_header(mailing: Flask, mail_server: SmtpServer, name: str) -> None:
    evil = "x\r\nBcc: victim@example.com"
    row = OutboxMail(
        id=uuid.uuid4(), template="order_confirmed", to_email="alice@example.com", context=CONTEXT | {"plan_name": evil}
    )
    if name == "to_email":
        row.to_email = "alice@example.com\r\nBcc: victim@example.com"
        with pytest.raises(ValueError, match=r"."):
            mail.compose(row)
    else:
        message = mail.compose(row)
        assert message["Bcc"] is None
        assert message["Subject"] == "Your x Bcc: victim@example.com subscription is active: $29"


def test_without_mail_url_the_mail_is_printed(
    mailing: Flask, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    use_mail_url(mailing, settings, "")
    queue(template="verify_email")

    deliver_due()

    printed = capsys.readouterr().out
    assert "mail to alice@example.com" in printed
    assert CONTEXT["url"] in printed


def test_production_without_mail_url_keeps_the_mail(mailing: Flask, settings: Settings) -> None:
    use_mail_url(mailing, settings, "", app_env="production")
    queue()

    assert deliver_due() == 0
    assert only_row().error == "ConnectionError: MAIL_URL is empty"


@pytest.mark.parametrize(("peer", "may"), [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False)])
def test_password_goes_over_a_private_wire_alone(peer: str, may: bool) -> None:
    class Wire:
        def getpeername(self) -> tuple[str, int]:
            return peer, 25

    server = smtplib.SMTP()
    server.sock = Wire()  # type: ignore[assignment]
    refused = contextlib.nullcontext() if may else pytest.raises(ConnectionError, match="no encryption")

    with refused:
        mail._require_privacy(server)


@pytest.fixture
def certificate(tmp_path: Path, mail_server: SmtpServer) -> Path:
    """A certificate for 127.0.0.1, which the mail server has."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    file, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    options = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run([openssl, "req", "-x509", "-keyout", key, "-out", file, *options], check=True, capture_output=True)
    mail_server.certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mail_server.certificate.load_cert_chain(file, key)
    return file


def test_starttls_is_used_where_it_is_offered(
    mailing: Flask, settings: Settings, mail_server: SmtpServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    use_mail_url(mailing, settings, f"smtp://user:right@127.0.0.1:{mail_server.port}")
    queue()

    assert deliver_due() == 1, only_row().error

    assert mail_server.was_private
    assert mail_server.logins == [("user", "right")]


def test_starttls_with_a_certificate_of_nobody_we_trust_keeps_the_mail_here(
    mailing: Flask, settings: Settings, mail_server: SmtpServer, certificate: Path
) -> None:
    use_mail_url(mailing, settings, f"smtp://user:right@127.0.0.1:{mail_server.port}")
    queue()

    assert deliver_due() == 0

    assert "SSLCertVerificationError" in (only_row().error or "")
    assert mail_server.logins == []


def test_untrusted_certificate_keeps_the_mail_here(mailing: Flask, settings: Settings, mail_server: SmtpServer) -> None:
    use_mail_url(mailing, settings, f"smtps://user:right@127.0.0.1:{mail_server.port}")
    queue()

    assert deliver_due() == 0

    assert "SSL" in (only_row().error or "")
    assert mail_server.logins == []
