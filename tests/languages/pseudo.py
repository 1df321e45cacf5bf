"""A made-up language, in which every text stands in brackets: what a page says outside of them is said in no other."""

from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from scripts.texts import gather, texts_of_plans
from tests.catalogue import CATALOG

OPENS, CLOSES = "\N{LEFT DOUBLE ANGLE BRACKET}", "\N{RIGHT DOUBLE ANGLE BRACKET}"
READ_OUT = ("aria-label", "alt", "title", "placeholder", "data-label", "data-busy", "content")
UNREAD = ("script", "style", "code")


def write_pseudo(folder: Path, language: str) -> None:
    """Write the made-up language in the place of this one."""
    catalog = Catalog(locale=language)
    for message in gather():
        if isinstance(message.id, tuple):
            catalog.add(message.id, tuple(f"{OPENS}{text}{CLOSES}" for text in message.id))
        elif message.id:
            catalog.add(message.id, f"{OPENS}{message.id}{CLOSES}")
    for words in texts_of_plans(CATALOG):
        catalog.add(words, f"{OPENS}{words}{CLOSES}")
    file = folder / language / "LC_MESSAGES" / "messages.mo"
    file.parent.mkdir(parents=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    file.write_bytes(compiled.getvalue())


def outside_brackets(html: str) -> Iterator[str]:
    """What a page says that no catalogue has: its texts, and what those hear who do not see it."""
    reader = _Reader()
    reader.feed(html)
    for said in (*reader.attributes, "".join(reader.text)):
        yield from filter(None, map(str.strip, _outside(said).splitlines()))


def _outside(said: str) -> str:
    depth, kept = 0, []
    for letter in said:
        depth += (letter == OPENS) - (letter == CLOSES)
        kept.append("\n" if letter in (OPENS, CLOSES) else letter if depth == 0 else "")
    return "".join(kept)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.attributes: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in UNREAD
        names = dict(attrs)
        if tag == "meta" and names.get("name") != "description":
            return
        self.attributes += [value for name, value in attrs if name in READ_OUT and value]

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD
        self.text.append("\n" if tag in ("p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "option", "text") else "")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.text.append(data)
