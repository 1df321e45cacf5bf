"""A small mail server on the loopback, which keeps what it is given."""

import base64
import contextlib
import email
import email.policy
import socketserver
import ssl
import threading
from email.message import EmailMessage
from typing import cast


class SmtpServer(socketserver.ThreadingTCPServer):
    """Takes every mail, except for the addresses that it refuses."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.mails: list[EmailMessage] = []
        self.logins: list[tuple[str, str]] = []
        self.refused: set[str] = set()
        self.refusal = "550 5.1.1 no such mailbox"
        self.password = "right"
        self.slowness = 0.0
        self.is_talking, self.may_answer = threading.Event(), threading.Event()
        self.offers_auth = True
        self.certificate: ssl.SSLContext | None = None
        self.was_private = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that hangs up in the middle is what some tests are about."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> "SmtpServer":
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()


class Conversation(socketserver.StreamRequestHandler):
    """RFC 5321, as far as a sender needs it."""

    server: SmtpServer

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            answer = getattr(self, f"on_{verb.lower()}", self.on_other)(rest)
            self.say(answer)
            if verb.upper() == "QUIT":
                return

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.connection.close()

    def on_ehlo(self, rest: str) -> str:
        offers = ["8BITMIME"]
        if self.server.certificate and not self.server.was_private:
            offers.append("STARTTLS")
        elif self.server.offers_auth:
            offers.append("AUTH PLAIN")
        return "250-here\r\n" + "\r\n".join(f"250-{offer}" for offer in offers) + "\r\n250 HELP"

    def on_starttls(self, rest: str) -> str:
        assert self.server.certificate is not None
        self.say("220 go on")
        self.rfile.close()
        self.wfile.close()
        self.connection = self.server.certificate.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.server.was_private = True
        return ""

    def on_auth(self, rest: str) -> str:
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.server.logins.append((user, password))
        return "235 welcome" if password == self.server.password else "535 5.7.8 who are you"

    def on_rcpt(self, rest: str) -> str:
        refused = any(address in rest for address in self.server.refused)
        return self.server.refusal if refused else "250 fine"

    def on_data(self, rest: str) -> str:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.is_talking.set()
        self.server.may_answer.wait(self.server.slowness)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.server.mails.append(cast(EmailMessage, mail))
        return "250 taken"

    def on_quit(self, rest: str) -> str:
        return "221 bye"

    def on_other(self, rest: str) -> str:
        return "250 fine"

    def say(self, line: str) -> None:
        if line:
            self.wfile.write(f"{line}\r\n".encode())
