"""`make pictures`: a fork's logo, hue and name reach every icon and the picture that a shared link shows."""

import re
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from scripts.pictures import ICONS, draw
from tests.forks.copies import Copy

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy.make(tmp_path / "copy")


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_pictures_follow_logo_and_hue(copy: Copy, browser: Browser) -> None:
    static = copy.root / "static"
    tokens = static / "css/tokens.css"
    tokens.write_text(re.sub(r"--hue: \d+;", "--hue: 20;", tokens.read_text()))
    (static / "logo.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><g id="mark"><circle fill="currentColor" r="9"/></g></svg>'
    )
    before = copy.files()

    drawn = draw(copy.root, browser)

    after = copy.files()
    assert {name for name in after if after[name] != before.get(name)} == set(drawn)
    favicon = (static / "favicon.svg").read_text()
    red, green = (int(part, 16) for part in re.search(r'fill="#(..)(..)..', favicon).groups())  # type: ignore[union-attr]
    assert "<circle" in favicon
    assert red > green
    assert {name: size((static / name).read_bytes()) for name in ICONS} == {
        name: (px, px) for name, px in ICONS.items()
    }
    assert size((static / "favicon.ico").read_bytes()[22:]) == (32, 32)
    assert size((static / "sharing.png").read_bytes()) == (1200, 630)
    accent = f'"{re.search(r"#[0-9a-f]{6}", favicon)[0]}"'  # type: ignore[index]
    assert f"accent, accent_dark = {accent}" in (copy.root / "templates/mail/base.html").read_text()
    assert f'"theme_color": {accent}' in (copy.root / "templates/site.webmanifest").read_text()


def test_a_logo_without_its_mark_is_named(copy: Copy, browser: Browser) -> None:
    (copy.root / "static/logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    before = copy.files()

    with pytest.raises(ValueError, match=r"logo\.svg: nothing in it has the id `mark`"):
        draw(copy.root, browser)

    assert copy.files() == before
