"""What a browser is told about the pages, and which posts are taken."""

import pytest

from stripe_emulator import Emulator
from tests.hosted.conftest import Visitor


def test_pages_allow_nothing_inline_and_no_frames(visitor: Visitor) -> None:
    page = visitor.get("/")

    policy = page.response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "style=" not in page.text
    assert page.text.count("<script") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    page = visitor.post("/dashboard/reset", {}, **headers)

    assert page.status == 403


def test_our_own_form_is_taken(emulator: Emulator, visitor: Visitor) -> None:
    headers = {"Origin": emulator.url, "Sec-Fetch-Site": "same-origin"}

    page = visitor.post("/dashboard/chaos", {"preset": "none"}, **headers)

    assert page.status == 303


@pytest.mark.parametrize(
    "path", ["/c/pay/cs_x", "/p/session/x", "/i/in_x", "/i/in_x/pdf", "/3ds/pi_x", "/3ds/seti_x", "/nowhere"]
)
def test_what_does_not_exist_is_a_plain_page(visitor: Visitor, path: str) -> None:
    page = visitor.get(path)

    assert page.status == 404
    assert "Nothing was charged" in page.text
