"""What is sold stands in `app/catalog.py` alone: nothing else names the example's plans, roles, prices or currency."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORDS = re.compile(
    r"(?<!\w)(?:basic|pro|lifetime|usd|us dollars|(?:\$|€|£)\d[\d.,]*|[$]?(?:900|9000|2900|29000|19900))(?!\w)",
    re.IGNORECASE,
)
# `free` is the example's plan and role, and an ordinary word: it counts where it stands by itself in quotes.
FREE = re.compile(r"""(["'])free\1""")
CODE = sorted(file for file in (ROOT / "app").rglob("*.py") if file != ROOT / "app" / "catalog.py")
# The first tables are as they were when they were made.
MIGRATIONS = sorted(file for file in (ROOT / "migrations").rglob("*.py") if not file.name.startswith("20261120_"))
TEMPLATES = sorted(file for file in (ROOT / "templates").rglob("*") if file.is_file())
ALLOWED = {
    ("app/templating.py", "usd"): "how currencies are written, whatever is sold",
    ("app/templating.py", "us dollars"): "how currencies are written, whatever is sold",
    ("app/auth/sessions.py", "lifetime"): "how long a sign-in lasts",
}


def test_search_finds_what_it_is_for() -> None:
    assert WORDS.findall('price_of("pro"), USD, $29 a month, 2900') == ["pro", "USD", "$29", "2900"]
    assert not WORDS.findall("product, promise, basically, 29001, LIFETIME_DAYS")


@pytest.mark.parametrize("file", [*CODE, *MIGRATIONS], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_code_names_nothing_that_is_sold(file: Path) -> None:
    assert not found_in(file, without_prose(file.read_text()))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_templates_name_nothing_that_is_sold(file: Path) -> None:
    assert not found_in(file, re.sub(r"\{#.*?#\}", "", file.read_text(), flags=re.DOTALL))


def test_sample_settings_name_plans_in_an_explanation_alone() -> None:
    settings = re.findall(r"^# ([A-Z_<>]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)

    assert "STRIPE_PRICE_<PLAN>" in settings
    assert not [name for name in settings if re.search(r"_(BASIC|PRO|LIFETIME)(_|$)", name)]


def found_in(file: Path, text: str) -> set[str]:
    """The words that should not be there."""
    path = file.relative_to(ROOT).as_posix()
    words = {word.lower() for word in WORDS.findall(text)} | ({"free"} if FREE.search(text) else set())
    return {word for word in words if (path, word) not in ALLOWED}


def without_prose(source: str) -> str:
    """The code's names and strings, without comments and docstrings: those may speak of the example."""
    kept: list[str] = []
    starts_statement = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            starts_statement = True
        elif token.type != tokenize.COMMENT:
            if not (token.type == tokenize.STRING and starts_statement):
                kept.append(token.string)
            starts_statement = False
    return " ".join(kept)
