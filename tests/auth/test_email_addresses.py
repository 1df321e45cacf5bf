"""One mailbox is one account, however it is typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.email_addresses import InvalidAddress, can_get_mail, normalize_address


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Alice@Example.COM", "alice@example.com"),
        ("  alice@example.com\t", "alice@example.com"),
        ("alice+tag@example.com", "alice+tag@example.com"),
        (
            "alice@B\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
            "alice@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
        ),
        ("alice@xn--bcher-kva.example", "alice@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example"),
        ("alice@shop.test", "alice@shop.test"),
    ],
)
def test_address_is_written_one_way(typed: str, written: str) -> None:
    assert normalize_address(typed) == written


@pytest.mark.parametrize(
    "typed",
    ["", "alice", "@example.com", "alice@", "alice@localhost", "a@b@example.com", "alice@example.com\nbob@example.com",
     "alice@exam ple.com", "alice@example..com", f"{'x' * 250}@example.com",
     "alice\x00@example.com",
     "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}" * 30 + "@" + "x." * 95 + "example", "alice@[127.0.0.1]"],
)  # fmt: skip
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(InvalidAddress):
        normalize_address(typed)


@pytest.mark.parametrize(
    ("address", "can"),
    [("alice@example.com", True), ("alice@b\u00fccher.example", True), ("j\u00fcrgen@example.com", False)],
)
def test_mail_reaches_plain_letters_before_the_at_alone(address: str, can: bool) -> None:
    assert can_get_mail(address) is can


@given(st.text() | st.emails())
def test_normal_form_is_stable_and_fits_its_column(typed: str) -> None:
    try:
        written = normalize_address(typed)
    except InvalidAddress:
        return

    assert normalize_address(written) == written
    assert len(written) <= 254


@pytest.mark.parametrize("length", [321, 60_000])
def test_what_is_longer_than_any_address_is_refused_unread(length: int) -> None:
    # Combining marks: putting these in order takes time that grows with the square of their number.
    with pytest.raises(InvalidAddress, match="longer than any address"):
        normalize_address("a" + "\u0327\u0301" * (length // 2) + "@example.com")
