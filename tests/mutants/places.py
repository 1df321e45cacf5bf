"""Where something is in a file: its function, and the line in there, which stays when the code around it changes."""

import ast
from dataclasses import dataclass
from pathlib import Path

Place = tuple[str, int]


@dataclass(frozen=True)
class Function:
    """A function's name in its file, such as `Settings.site_url`, and its first and last line."""

    name: str
    first: int
    last: int


def functions_of(path: str) -> list[Function]:
    """The file's functions, those inside others after them; the first, without a name, is the file itself."""
    source = Path(path).read_text()
    found = [Function("", 0, source.count("\n") + 1)]
    _collect(ast.parse(source), "", found)
    return found


def place_of(line: int, functions: list[Function]) -> Place:
    """The innermost function that holds a line, and how many lines after its first."""
    around = [one for one in functions if one.first <= line <= one.last]
    return around[-1].name, line - around[-1].first


def _collect(node: ast.AST, prefix: str, found: list[Function]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            name = f"{prefix}.{child.name}".lstrip(".")
            if isinstance(child, ast.FunctionDef):
                found.append(Function(name, child.lineno, child.end_lineno or child.lineno))
            _collect(child, name, found)
        else:
            _collect(child, prefix, found)
