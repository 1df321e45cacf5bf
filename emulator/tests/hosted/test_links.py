"""Addresses that lead out of the hosted pages."""

import pytest

from stripe_emulator.hosted.links import after_checkout, origin_of, safe_address


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/relative",
        "http://",
        "http://[broken",
        "http://host:port/",
        "",
        None,
    ],
)
def test_only_whole_web_addresses_are_safe(url: str | None) -> None:
    assert safe_address(url) is None


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://shop.example/a?b#c", "https://shop.example"),
        ("http://127.0.0.1:5000/x", "http://127.0.0.1:5000"),
        ("http://[::1]:5000/x", "http://[::1]:5000"),
        ("http://user:pass@shop.example/", "http://shop.example"),
        ("https://shop.example; script-src *", None),
        ("https://shop;example/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_origin_is_a_csp_source_or_nothing(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


def test_success_address_carries_the_session() -> None:
    address = after_checkout("cs_test_1", "https://shop.example/ok?id={CHECKOUT_SESSION_ID}")

    assert address == "https://shop.example/ok?id=cs_test_1"
