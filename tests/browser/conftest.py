"""A window of a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser window on a desktop screen; an error in the page's console fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if _is_csp(message.text) else None)
    yield opened
    context.close()
    assert complaints == []


def _is_csp(text: str) -> bool:
    return "Content Security Policy" in text
