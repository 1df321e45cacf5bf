"""Every page is valid HTML, as a maintained validator reads it."""

import json
import subprocess
from pathlib import Path

import pytest
from stripe_emulator import Emulator

from tests.browser.pages import ADMIN, EMULATOR, EMULATOR_UNSEEN, PUBLIC, SIGNED_IN, UNSEEN, hosted_pages
from tests.browser.states import Subscriber
from tests.browser.tools import require_tool
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.slow

RULES = {
    "extends": ["html-validate:standard", "html-validate:document"],
    "rules": {"long-title": "off", "require-sri": "off"},
}


def test_every_page_is_valid_html(
    alice: Person, bob: Person, emulator: Emulator, at_stripe: Stripe, site: str, tmp_path: Path
):
    validator = require_tool(".bin/html-validate")
    session_id = Subscriber(alice, emulator).buy()
    alice.become_admin()
    visitor = alice.app.test_client()
    pages = {name: visitor.get(path).text for name, path in (PUBLIC | UNSEEN).items()}
    own = SIGNED_IN | ADMIN | {"account": "/account", "success": f"/checkout/success?session_id={session_id}"}
    pages |= {name: alice.get(path).text for name, path in own.items()}
    stripe = hosted_pages(alice, bob, emulator, at_stripe)
    stripe |= {name: emulator.url + path for name, path in (EMULATOR | EMULATOR_UNSEEN).items()}
    pages |= {name: read(url) for name, url in stripe.items()}
    for name, page in pages.items():
        (tmp_path / f"{name}.html").write_text(page)
    (tmp_path / ".htmlvalidate.json").write_text(json.dumps({"root": True} | RULES))

    result = subprocess.run(
        [validator, "--formatter", "text", *sorted(map(str, tmp_path.glob("*.html")))],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.replace(f"{tmp_path}/", "") == ""
    assert result.returncode == 0, result.stderr


def read(url: str) -> str:
    from urllib.request import urlopen

    with urlopen(url) as answer:
        return str(answer.read().decode())
