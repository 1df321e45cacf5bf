"""Which language a reader gets: their account's, what they chose, or what their browser asks for."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr,en;q=0.5", "en"), ("fr", "en"),
        ("en-GB,de;q=0.9", "en"), ("*", "en"), ("nonsense;;q=,", "en"),
    ],
)  # fmt: skip
def test_a_visitor_reads_what_their_browser_asks_for(client: FlaskClient, header: str, language: str) -> None:
    answer = client.get("/pricing", headers={"Accept-Language": header})

    assert f'<html lang="{language}">' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    assert "Set-Cookie" not in answer.headers
