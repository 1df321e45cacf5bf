"""The documents tell the truth: every command in them exists, and is run by a test or marked as not run, in words."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from app.config.settings import ROOT
from tests.people import PASSWORD

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "AGENTS.md", "benchmarks/README.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
# Tests that take every unmarked block of a document, as it stands.
TAKEN_WHOLE = {
    "docs/make-it-yours.md": "tests/forks/test_make_it_yours.py",
    "docs/removing.md": "tests/forks/test_forks.py",
}
FENCE = re.compile(
    r"^ *(?:<!-- (?P<said>(?:run by|untested:) .*) -->\n\s*)?```(?P<info>.*)\n(?P<text>(?:.*\n)*?) *```$", re.MULTILINE
)
INLINE = re.compile(r"`((?:flask|make) [^`]+)`")
OF_FLASK_ITSELF = ("run", "shell", "routes")
NOT_RUN = re.compile(r"# Not run by a test(?: here)?: \S")
TESTS = {
    name
    for folder in (ROOT / "tests", ROOT / "emulator/tests")
    for file in folder.rglob("*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """What is said of each fenced block, its language and remark, and its text."""
    for found in FENCE.finditer(page.read_text()):
        yield found["said"] or "", found["info"].strip(), found["text"]


def commands(text: str) -> Iterator[str]:
    """The commands of a block, without comments and what is in brackets because it may be left out."""
    for line in text.splitlines():
        for part in re.split(r"&&|;|\|", re.sub(r"(^|\s)#.*", "", line)):
            if part.strip():
                yield part.strip()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_commands_is_run_or_says_that_it_is_not(page: Path) -> None:
    for said, info, text in blocks(page):
        language, _, remark = info.partition(" ")
        assert language, f"say what this is:\n{text}"
        assert language not in ("bash", "shell", "console"), "commands are marked `sh`"
        if language != "sh":
            continue
        if remark == "not-run":
            assert NOT_RUN.match(text), f"say to the reader why no test runs it:\n{text}"
        elif said.startswith("run by "):
            assert said.removeprefix("run by ") in TESTS, said
        else:
            assert said.startswith("untested: ") or (ROOT / TAKEN_WHOLE[name_of(page)]).exists(), text


def test_guides_that_mark_what_is_untested_say_so_in_words() -> None:
    marked = {page.parent for page in PAGES for said, _, _ in blocks(page) if said.startswith("untested: ")}

    assert marked == {ROOT / "docs/deploy"}
    assert "untested" in (ROOT / "docs/deploy/README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_ours_that_is_named_exists(app: Flask, page: Path) -> None:
    text = page.read_text()
    named = [*INLINE.findall(text)]
    named += [one for _, info, block in blocks(page) if info.startswith("sh") for one in commands(block)]

    wrong = [one for one in named if not exists(app, one)]

    assert wrong == []


def exists(app: Flask, command: str) -> bool:
    """Whether a target of make's, or a command of flask's with these options, is there; others are not ours."""
    if command.split()[0] not in ("flask", "make"):
        return True
    words = shlex.split(command.replace("[", " ").replace("]", " "))
    if words[0] == "make":
        targets = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        return "-C" in words or set(targets) <= TARGETS
    if words[1:] in (["…"], *([own] for own in OF_FLASK_ITSELF)):
        return True
    return options_exist(app, words[1:])


def options_exist(app: Flask, words: list[str]) -> bool:
    found: click.Command | None = app.cli
    while isinstance(found, click.Group) and words:
        found = found.get_command(click.Context(found, obj=None), words.pop(0)) if words[0] != "…" else None
    if found is None:
        return False
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return {word.partition("=")[0] for word in words if word.startswith("-")} <= known


def test_the_tutorials_commands_do_what_it_says(app: Flask, catalogue: None) -> None:
    [page] = [page for page in PAGES if page.name == "tutorial.md"]
    said = f"run by {test_the_tutorials_commands_do_what_it_says.__name__}"
    lines = [line for mark, _, text in blocks(page) if mark == said for line in commands(text)]
    printed = ""

    for line in lines:
        done = app.test_cli_runner().invoke(args=shlex.split(line)[1:], input=f"{PASSWORD}\n{PASSWORD}\n")
        assert done.exit_code == 0, f"{line}\n{done.output}"
        printed += done.output

    assert len(lines) == 3
    assert "you@example.com" in printed


# What stands on pages of Stripe's, or has a plan's name in it; and the guide's product.
ELSEWHERE = {
    "Sprout",
    "Add promotion code",
    "Choose Pro",
    "Roll secret",
    "Update subscription",
    "Report a vulnerability",
    "Choose",
}


def test_every_button_and_heading_that_is_named_is_on_a_page() -> None:
    shown = " ".join(
        " ".join(file.read_text().split())
        for folder in ("templates", "app", "emulator/src")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in (".html", ".py")
    )
    wrong = {}

    # The page about security has the names of requirements in italics.
    for page in {*PAGES} - {ROOT / "docs/security.md"}:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        # What people write to support stands in the first column, and what a line is about at its head.
        text = " ".join(re.sub(r"^(?:\|[^|\n]*|- \*[^*]*:\*)", "", text, flags=re.MULTILINE).split())
        named = {said.rstrip(".,") for said in re.findall(r"(?<![\w*])\*([A-Z][^*\"]+)\*(?!\*)", text)} - ELSEWHERE
        titles = {title for other in PAGES for title in re.findall(r"^#+ (?:\d+\. )?(.+)$", other.read_text(), re.M)}
        wrong[name_of(page)] = sorted(said for said in named - titles if said not in shown)

    assert {page: said for page, said in wrong.items() if said} == {}


@pytest.mark.needs(".github/workflows/checks.yml")
def test_the_workflow_of_a_code_host_runs_what_our_own_does() -> None:
    workflow, ours = ((ROOT / name).read_text() for name in (".github/workflows/checks.yml", ".ci/run"))
    [programs] = re.findall(r"^for program in (.+); do$", ours, re.MULTILINE)
    on_the_runner = {"chromium-headless-shell"}

    installed = {
        name.removesuffix("-light") for name in " ".join(re.findall(r"apt-get install (.+)", workflow)).split()
    }

    assert set(programs.split()) <= installed | on_the_runner
    assert {"make check", "make docs", "make test", "make -C emulator test"} <= {
        run.strip() for run in re.findall(r"- run: (.+)", workflow)
    }


def test_the_map_for_programs_names_every_page() -> None:
    named = set(re.findall(r"\]\((docs/[^)]+)\)", (ROOT / "llms.txt").read_text()))

    # Its guides are reached from the page about deploying, and the site's first page is the README's double.
    pages = {name_of(page) for page in PAGES if page.parent == ROOT / "docs"} - {"docs/index.md"}
    assert named == pages | {"docs/deploy/README.md"}
