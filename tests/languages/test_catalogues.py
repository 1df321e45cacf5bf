"""The catalogues have every text, each in full, and what is compiled of them is what they say."""

from io import BytesIO

import pytest
from babel.messages.mofile import read_mo

from app.config.settings import Settings
from app.languages import FOLDER, SOURCE
from scripts.texts import compiled, gather, languages, problems_of


@pytest.mark.parametrize("language", languages())
def test_every_text_is_translated_with_its_values_and_links(language: str) -> None:
    # What a fork sells is its own: until it is translated it is shown as the catalogue has it.
    assert list(problems_of(language, gather(with_plans=False))) == []


@pytest.mark.parametrize("language", languages())
def test_what_a_site_reads_was_compiled_from_what_is_written(language: str) -> None:
    """`make texts` compiles it."""
    kept = (FOLDER / language / "LC_MESSAGES" / "messages.mo").read_bytes()

    assert texts_in(kept) == texts_in(compiled(language))


def texts_in(binary: bytes) -> dict[str, object]:
    return {str(message.id): message.string for message in read_mo(BytesIO(binary)) if message.id}


def test_the_site_speaks_what_it_has_texts_for() -> None:
    assert set(Settings().language_codes) == {SOURCE, *languages()}
