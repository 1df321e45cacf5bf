"""Devices that are not asked for the second step."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.auth.factors.models import TrustedDevice
from app.database import db, utcnow
from tests.auth.factors.phones import Phone, logging_in, second_step
from tests.people import PASSWORD, Person


@pytest.fixture
def phone(alice: Person) -> Phone:
    return Phone.of(alice)


@pytest.fixture
def laptop(alice: Person, phone: Phone) -> Person:
    """A browser that alice trusts, and logged out of."""
    laptop = logging_in(alice)
    assert second_step(laptop, phone.code(), trust="y").status_code == 303
    laptop.post("/logout")
    return laptop


def log_in(browser: Person, password: str = PASSWORD) -> str | None:
    return browser.post("/login", page="/login", email=browser.email, password=password).location


def test_trusted_device_takes_one_step_and_no_other_does(laptop: Person, alice: Person) -> None:
    assert log_in(laptop) == "/dashboard"
    assert logging_in(alice).answer.location == "/login/second-step"  # type: ignore[attr-defined]


def test_device_is_trusted_only_when_asked_for(alice: Person, phone: Phone) -> None:
    browser = logging_in(alice)
    second_step(browser, phone.code())
    browser.post("/logout")

    assert log_in(browser) == "/login/second-step"


def test_trust_ends_after_thirty_days(laptop: Person, alice: Person) -> None:
    with alice.app.app_context():
        left = db.session.scalar(sa.select(TrustedDevice.expires_at)) - utcnow()
        db.session.execute(sa.update(TrustedDevice).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()

    assert timedelta(days=29) < left <= timedelta(days=30)
    assert log_in(laptop) == "/login/second-step"


def test_trust_ends_when_its_owner_says_so(laptop: Person, alice: Person) -> None:
    assert "One device is" in alice.get("/account/security").text

    alice.post("/account/security/trusted-devices/forget")

    assert log_in(laptop) == "/login/second-step"


def test_new_password_ends_the_trust(laptop: Person, alice: Person) -> None:
    alice.post("/account/password", current_password=PASSWORD, new_password="nine lives of a cat")

    assert log_in(laptop, "nine lives of a cat") == "/login/second-step"


def test_removed_factor_takes_the_trust_along(laptop: Person, alice: Person) -> None:
    alice.post("/account/security/authenticator/remove")
    Phone.of(alice)

    assert log_in(laptop) == "/login/second-step"


def test_trust_in_a_device_is_one_persons(laptop: Person, bob: Person) -> None:
    Phone.of(bob)
    laptop.email = bob.email

    assert log_in(laptop) == "/login/second-step"
    assert not laptop.is_signed_in
