"""`make texts`: gather every text of pages and mails, bring the translations up to date, and compile them.

What is new stands in `translations/<language>/LC_MESSAGES/messages.po` with no `msgstr`; what has gone is taken out.
A new language: `make texts LANGUAGE=fr`.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from app.billing.catalog.plans import Catalog as Plans
from app.catalog import CATALOG

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "translations"
PLACES = {"app": [("**.py", "python")], "templates": [("**.html", "jinja2"), ("**.txt", "jinja2")]}
# As `app/templating.py` and `app/languages/pages.py` set up Jinja.
OPTIONS = dict.fromkeys(("newstyle_gettext", "trimmed", "trim_blocks", "lstrip_blocks"), "true")
KEYWORDS = {**dict.fromkeys(["_", "_l", "gettext", "lazy_gettext", "noted"]), "ngettext": (1, 2)}
# What a translation has to have as well: named values and the tags of links.
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|</?[a-z][^>]*>")
# What Babel writes of itself: two runs shall write the same.
IDLE_HEADERS = re.compile(rb'^"(Project-|Report-|POT-|PO-|Last-|Language-Team|Generated-).*\n', re.MULTILINE)


def main() -> int:
    """Update and compile the catalogues of the languages that are there, and of one that is named."""
    texts = gather()
    for language in sorted({*languages(), *sys.argv[1:]}):
        update(language, texts)
        left = list(problems_of(language, texts))
        print(f"{language}: {len(texts)} texts, {len(left)} to look at in {file_of(language).relative_to(ROOT)}")
        for problem in left[:20]:
            print(f"  {problem}")
    return 0


def languages() -> list[str]:
    """The languages that have a catalogue."""
    return [file.parts[-3] for file in sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))]


def file_of(language: str) -> Path:
    """Where the translations of a language are written."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def gather(*, with_plans: bool = True) -> Catalog:
    """Every text that pages and mails can show, with the files where it stands."""
    texts = Catalog(fuzzy=False)
    for folder, methods in PLACES.items():
        options = {pattern: OPTIONS if method == "jinja2" else {} for pattern, method in methods}
        for file, _, text, _, _ in extract_from_dir(ROOT / folder, methods, options, KEYWORDS):
            texts.add(text, locations=[(f"{folder}/{file}", 0)])
    for words in texts_of_plans(CATALOG) if with_plans else ():
        texts.add(words, locations=[("app/catalog.py", 0)])
    return texts


def texts_of_plans(catalog: Plans) -> Iterator[str]:
    """The words of what is sold: they are data, and translated where they are shown."""
    yield from (role.name for role in catalog.roles)
    yield from (*catalog.features.values(), *catalog.limits.values())
    for plan in catalog.plans:
        yield from filter(None, (plan.name, plan.tagline, *plan.highlights))


def update(language: str, texts: Catalog) -> None:
    """Bring a language's catalogue to these texts, keeping what is translated, and compile it."""
    file = file_of(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    catalog = read(language) if file.exists() else Catalog(locale=language.replace("-", "_"), fuzzy=False)
    # A guess at what a changed text may mean would be shown to somebody: it begins empty instead.
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    written = BytesIO()
    write_po(written, catalog, width=120, sort_output=True, include_lineno=False)
    file.write_bytes(IDLE_HEADERS.sub(b"", written.getvalue()))
    file.with_suffix(".mo").write_bytes(compiled(language))


def read(language: str) -> Catalog:
    """A language's catalogue as it is written."""
    with file_of(language).open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"))


def compiled(language: str) -> bytes:
    """What a site reads: the catalogue in GNU gettext's binary form."""
    binary, catalog = BytesIO(), read(language)
    # Two runs shall write the same.
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    write_mo(binary, catalog)
    return binary.getvalue()


def problems_of(language: str, texts: Catalog) -> Iterator[str]:
    """What a catalogue lacks: a text, its translation, or a named value or a link in it."""
    catalog = read(language)
    known = {message.id for message in catalog if message.id}
    wanted = {message.id for message in texts if message.id}
    yield from (f"not there: {text}" for text in sorted(map(str, wanted - known)))
    for message in catalog:
        if message.id in wanted and (problem := _problem_of(message)):
            yield f"{problem}: {message.id}"


def _problem_of(message: Message) -> str | None:
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = list(message.string) if isinstance(message.string, list | tuple) else [message.string or ""]
    if not all(strings):
        return "not translated"
    elif message.fuzzy:
        return "fuzzy"
    # Of a plural, the singular need not say the number.
    wanted = sorted(PLACEHOLDER.findall(originals[-1]))
    if any(sorted(PLACEHOLDER.findall(string)) != wanted for string in strings[-1:]):
        return "other values or tags"
    return None


if __name__ == "__main__":
    sys.exit(main())
