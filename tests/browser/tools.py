"""The npm tools that check pages; a test that needs a missing one skips, and CI has them all."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.people import Person

MODULES = Path(__file__).resolve().parents[2] / "node_modules"


def require_tool(path: str) -> Path:
    """The file of an npm tool, or a skip that says how to get it."""
    found = MODULES / path
    if not found.exists():
        if os.environ.get("REQUIRE_EVERYTHING"):
            pytest.fail(f"{path} is required here.")
        pytest.skip(f"{path} is not installed (npm install).")
    return found


def sign_in(window: Page, person: Person, site: str) -> None:
    """Let the window be the person's, signed in as they are."""
    cookie = person.client.get_cookie("session")
    assert cookie is not None
    window.context.add_cookies([{"name": "session", "value": cookie.value, "url": site}])
