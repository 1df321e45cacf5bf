"""What programs look for on any site."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.people import Person

REPORT = {
    "csp-report": {
        "document-uri": "http://127.0.0.1/reset-password/a-token-that-works?next=/x",
        "violated-directive": "img-src",
        "blocked-uri": "https://evil.example/pixel.gif?secret",
    }
}


def test_security_txt_says_whom_to_tell(client: FlaskClient) -> None:
    answer = client.get("/.well-known/security.txt")
    lines = dict(line.split(": ", 1) for line in answer.text.strip().split("\n"))

    assert answer.content_type == "text/plain; charset=utf-8"
    assert lines["Contact"] == "mailto:hello@example.com"
    assert lines["Canonical"].endswith("/.well-known/security.txt")
    ahead = datetime.fromisoformat(lines["Expires"]) - datetime.now(UTC)
    assert timedelta(days=300) < ahead <= timedelta(days=365)


def test_change_password_leads_to_the_form(alice: Person) -> None:
    answer = alice.get("/.well-known/change-password")

    assert (answer.status_code, answer.location) == (302, "/account/security#change-password")
    assert 'id="change-password"' in alice.get("/account/security").text


@pytest.mark.parametrize(
    "report",
    [
        REPORT,
        [
            {
                "type": "csp-violation",
                "body": {
                    "documentURL": "http://127.0.0.1/reset-password/a-token-that-works",
                    "effectiveDirective": "img-src",
                    "blockedURL": "https://evil.example/pixel.gif",
                },
            }
        ],
    ],
    ids=["old", "new"],
)
def test_what_a_browser_blocked_is_a_line_of_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, report: object
) -> None:
    answer = client.post("/csp-reports", data=json.dumps(report), content_type="application/csp-report")

    assert answer.status_code == 204
    assert "(img-src) kept https://evil.example from auth.reset_password" in caplog.text
    assert "token" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[1, null, {}]",
        b'{"csp-report": {"violated-directive": "x\\ninjected line", "blocked-uri": "a\\nb"}}',
        b'{"csp-report": {"violated-directive": "img-src", "blocked-uri": "chrome-extension://x"}}',
        b"[" * 5000,
        b" " * 17 * 1024,
    ],
)
def test_nonsense_is_no_line_of_the_log(client: FlaskClient, caplog: pytest.LogCaptureFixture, body: bytes) -> None:
    assert client.post("/csp-reports", data=body, content_type="application/reports+json").status_code == 204
    assert "content security policy" not in caplog.text


def test_few_reports_are_read(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    codes = {client.post("/csp-reports", json=[REPORT] * 9).status_code for _ in range(14)}

    assert codes == {204}
    assert caplog.text.count("content security policy") == 10 * 5
