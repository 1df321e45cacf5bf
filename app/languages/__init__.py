"""The languages of the site: which one is spoken just now, and how a text reads in it (`docs/languages.md`).

The English text is the message itself; the other languages have theirs in `translations/`. Imported everywhere, so it
knows nothing of users or rooms: who loads a reader says their language with `speak`.
"""

import gettext as catalogues
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import current_app, g, has_app_context, has_request_context, request
from werkzeug.local import LocalProxy

SOURCE = "en"
NAMES = {"en": "English", "de": "Deutsch"}
FOLDER = Path(__file__).resolve().parents[2] / "translations"
COOKIE = "language"
# The operator's desk and what development shows are in English alone.
ENGLISH_ROOMS = frozenset({"admin", "dev"})


class Languages:
    """The languages that a site speaks, the first one where nobody has said which."""

    def __init__(self, codes: Sequence[str], folder: Path = FOLDER) -> None:
        self.codes = tuple(codes)
        self._folder = folder

    @property
    def default(self) -> str:
        """The language of who has said none."""
        return self.codes[0]

    @property
    def is_one(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.codes) == 1

    def texts(self, language: str) -> catalogues.NullTranslations:
        """The texts of a language; those of English are the messages themselves."""
        return _texts(self._folder, language)

    def preferred(self, *choices: str | None) -> str | None:
        """The first of these that the site speaks."""
        return next((choice for choice in choices if choice in self.codes), None)


# English: the messages themselves.
_MESSAGES = catalogues.NullTranslations()


@lru_cache(maxsize=32)
def _texts(folder: Path, language: str) -> catalogues.NullTranslations:
    if language == SOURCE:
        return _MESSAGES
    with (folder / language / "LC_MESSAGES" / "messages.mo").open("rb") as compiled:
        return catalogues.GNUTranslations(compiled)


def current_languages() -> Languages:
    """The languages of the site that is asked."""
    return current_app.extensions["languages"]


def current_language() -> str:
    """The language of this request or mail: the account's, the visitor's choice, the browser's, or the first."""
    if not has_app_context():
        return SOURCE
    language: str | None = g.get("language")
    if language is None:
        language = g.language = _of_request(current_languages())
    return language


def current_texts() -> catalogues.NullTranslations:
    """The texts of the language that is spoken; what is kept of them is kept by these."""
    return current_languages().texts(current_language()) if has_app_context() else _MESSAGES


def speak(language: str | None) -> None:
    """Say which language the reader of this request has chosen for their account, if any."""
    if language and not (has_request_context() and request.blueprint in ENGLISH_ROOMS):
        g.language = current_languages().preferred(language) or g.get("language")


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Speak another language for a while, as to a mail's receiver. None, or one that has gone, is the site's first."""
    before = g.get("language")
    g.language = current_languages().preferred(language) or current_languages().default
    try:
        yield
    finally:
        g.language = before


def gettext(text: str, /, **values: object) -> str:
    """How a text reads in the language that is spoken, with its named values filled in."""
    # A catalogue has its header under the empty text.
    translated = current_texts().gettext(text) if text else text
    return translated % values if values else translated


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """The same for a text that depends on a number, which it calls `num`."""
    return plural(one, many, count) % {"num": count, **values}


def plural(one: str, many: str, count: int) -> str:
    """The form of a text that belongs to a number, its values not filled in."""
    return current_texts().ngettext(one, many, count)


def lazy_gettext(text: str, **values: object) -> Any:
    """A text of a form or a table that is made once: it is looked up each time it is shown."""
    return LocalProxy(lambda: gettext(text, **values))


def noted(text: str) -> str:
    """The text as it is, noted for the translators: data that is translated where it is shown."""
    return text


def _of_request(languages: Languages) -> str:
    if languages.is_one or not has_request_context():
        return languages.default
    if request.blueprint in ENGLISH_ROOMS:
        return languages.preferred(SOURCE) or languages.default
    if chosen := languages.preferred(request.cookies.get(COOKIE)):
        return chosen
    return next(_asked_for(languages), languages.default)


def _asked_for(languages: Languages) -> Iterator[str]:
    """The site's languages among those that the browser asks for, in its order; of `en-GB`, English counts."""
    for tag, quality in request.accept_languages:
        spoken = {code.lower(): code for code in languages.codes}
        if quality and (code := spoken.get(tag.lower()) or spoken.get(tag.lower().partition("-")[0])):
            yield code
