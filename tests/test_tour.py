"""The tour in the README: one picture from the screenshots."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.config.settings import ROOT
from scripts.tour import STOPS, draw

SVG = "{http://www.w3.org/2000/svg}"
# A code host shows no larger picture without being asked.
LARGEST = 1_000_000


@pytest.fixture
def folder() -> Path:
    folder = ROOT / "docs/screenshots"
    if not folder.exists():
        pytest.skip("the screenshots are not here: make screenshots")
    return folder


def test_tour_shows_every_stop_and_stays_small(folder: Path) -> None:
    drawn = draw(folder)

    picture = ElementTree.fromstring(drawn)
    captions = [text.text for text in picture.iter(f"{SVG}text")]
    assert captions == [f"{number}. {stop.caption}" for number, stop in enumerate(STOPS, 1)]
    assert len(list(picture.iter(f"{SVG}image"))) == len(STOPS)
    assert len(drawn) < LARGEST


def test_tour_runs_no_script_and_stands_still_for_who_asks(folder: Path) -> None:
    drawn = draw(folder)

    assert "<script" not in drawn
    assert "prefers-reduced-motion: reduce" in drawn


def test_picture_in_the_readme_is_there_and_small() -> None:
    assert "docs/tour.svg" in (ROOT / "README.md").read_text()
    assert (ROOT / "docs/tour.svg").stat().st_size < LARGEST
