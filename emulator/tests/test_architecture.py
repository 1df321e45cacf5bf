"""How the emulator is built: no circles, nothing of the site, nothing private, and every module introduced."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import stripe_emulator

PACKAGE = Path(stripe_emulator.__file__).parent
MODULES = {
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
        file.read_text()
    )
    for file in sorted(PACKAGE.rglob("*.py"))
}
#: The ground: what the state is kept by knows nothing of what is done with it.
BELOW_EVERYTHING = {"stripe_emulator.api.errors", "stripe_emulator.spec"}


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Find what a module imports, for its types and inside functions too, as a module and a name in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def _modules_of(tree: ast.Module) -> set[str]:
    found = set()
    for module, name in _imported(tree):
        submodule = f"{module}.{name}"
        found.add(submodule if submodule in MODULES else module)
    return found & MODULES.keys()


def test_no_module_leads_back_to_itself() -> None:
    try:
        TopologicalSorter({name: _modules_of(tree) - {name} for name, tree in MODULES.items()}).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle: {' <- '.join(error.args[1])}") from None


def test_nothing_of_the_site_is_imported() -> None:
    importers = {name for name, tree in MODULES.items() for module, _ in _imported(tree) if _root(module) == "app"}

    assert importers == set()


def test_nothing_private_is_imported() -> None:
    private = {
        f"{name} imports {part} of {module}"
        for name, tree in MODULES.items()
        for module, part in _imported(tree)
        if any(one.startswith("_") and one != "__future__" for one in (*module.split("."), part))
    }

    assert private == set()


def test_state_stands_on_the_ground() -> None:
    above = {
        imported
        for name, tree in MODULES.items()
        if name.startswith("stripe_emulator.state.")
        for imported in _modules_of(tree)
        if not imported.startswith("stripe_emulator.state") and imported not in BELOW_EVERYTHING
    }

    assert above == set()


def test_engine_knows_no_page_and_no_server() -> None:
    above = {
        f"{name} imports {imported}"
        for name, tree in MODULES.items()
        if name.startswith("stripe_emulator.engine.")
        for imported in _modules_of(tree)
        if imported.split(".")[1] in {"hosted", "server", "delivery"}
    }

    assert above == set()


def test_module_says_what_it_is_for() -> None:
    assert [name for name, tree in MODULES.items() if tree.body and not ast.get_docstring(tree)] == []


def _root(module: str) -> str:
    return module.partition(".")[0]
