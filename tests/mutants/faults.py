"""The small faults that mutmut makes of a file, one at a time, each with the lines that it changes."""

import ast
import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import create_mutations

from tests.mutants.places import functions_of, place_of

Choose = Callable[[list[int]], list[int]]


@dataclass(frozen=True)
class Fault:
    """One small change of a file: `new` stands in place of its lines from `line` to before `end`."""

    path: str
    number: int
    line: int
    end: int
    new: tuple[str, ...]

    @property
    def source(self) -> str:
        """The whole file with the fault in it."""
        lines = _lines(self.path)
        return "".join((*lines[: self.line - 1], *self.new, *lines[self.end - 1 :]))

    @property
    def change(self) -> str:
        """The lines that it takes out and puts in."""
        out = [f"- {line.strip()}" for line in _lines(self.path)[self.line - 1 : self.end - 1]]
        return "\n".join((*out, *(f"+ {line.strip()}" for line in self.new)))

    @property
    def name(self) -> str:
        """Where it is, and which one of its file: `app.config.rules.problems_with:17`."""
        return f"{self.place}:{self.number}"

    @property
    def place(self) -> str:
        """The function that it is in: `app.config.rules.problems_with`."""
        function, _ = place_of(self.line, functions_of(self.path))
        return f"{module_of(self.path)}.{function}".rstrip(".")

    @property
    def is_seen_at_import(self) -> bool:
        """Whether it is outside the bodies of functions, where only another import of the file brings it in."""
        return _outline(self.source) != _outline("".join(_lines(self.path)))


def faults_of(path: str, choose: Choose) -> tuple[int, list[Fault]]:
    """How many faults mutmut makes of this file, in decorated functions too, and those chosen from them.

    Words for people are left alone.
    """
    plain = _without_decorators(path)
    module, mutations, *_ = create_mutations(path, plain)
    numbers = [number for number, one in enumerate(mutations) if not _is_phrase(one.original_node)]
    faults = []
    for number in choose(numbers):
        faulty = module.deep_replace(mutations[number].original_node, mutations[number].mutated_node)
        assert isinstance(faulty, cst.Module)
        faults.append(Fault(path, number, *_difference(plain, faulty.code)))
    return len(numbers), faults


def module_of(path: str) -> str:
    """The name by which a file is imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _without_decorators(path: str) -> str:
    """The file as mutmut gets it: it would leave out a function that has a decorator."""
    lines = list(_lines(path))
    for node in ast.walk(_tree(path)):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
            for number in range(decorator.lineno, (decorator.end_lineno or 0) + 1):
                lines[number - 1] = "\n"
    return "".join(lines)


def _is_phrase(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleString) and " " in node.value.strip()


def _difference(before: str, after: str) -> tuple[int, int, tuple[str, ...]]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    changes = [
        one for one in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if one[0] != "equal"
    ]
    first, last = changes[0], changes[-1]
    return first[1] + 1, last[2] + 1, tuple(new[first[3] : last[4]])


def _outline(source: str) -> str:
    """What a file does when it is imported: all but the bodies of its functions."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = [ast.Pass()]
    return ast.dump(tree)


@cache
def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines(keepends=True)


@cache
def _tree(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text())
