"""How the house is built: what may import what, and nothing that its owner calls private."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from inspect import isfunction
from pathlib import Path

import pytest
import stripe_emulator

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = ROOT / "emulator"
OF_A_REQUEST = {"flask.request", "flask.render_template", "flask.session", "flask.g", "flask_login.current_user"}
# What billing may use of the rest of the site: no route, no template, no request.
BELOW_BILLING = {
    *("app.audit", "app.auth.models", "app.config", "app.database", "app.database_errors", "app.keys", "app.logs"),
    *("app.mail", "app.metrics", "app.urls"),
}
# Billing from the ground up: a room may use those that stand before it.
BILLING = [
    *(
        "errors",
        "statuses",
        "changes",
        "asking",
        "catalog",
        "models",
        "gateway",
        "customers",
        "reports",
        "figure_rows",
        "figures",
        "movements",
    ),
    *("roles", "subscriptions", "payments", "webhooks", "reconcile", "support", "cancellation", "portal", "checkout"),
    "setup",
]
# These put the application together, and so know everything: what they import is no arrow of a room.
ASSEMBLY = {"app", "app.blueprints", "app.commands"}
# Public, by their owners' documentation, in spite of the underscore; and undocumented in spite of having none.
DOCUMENTED = {"_asdict", "_get_current_object", "_value_"}
UNDOCUMENTED = {"pgconn", "positiontup"}


@dataclass(frozen=True)
class Module:
    """A file of the application."""

    name: str
    file: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.file.read_text())

    @cached_property
    def imports(self) -> list[tuple[str, str]]:
        """Everything that it imports, for its types and inside functions too, as a module and a name in it."""
        return list(imported(self.tree))

    @cached_property
    def modules(self) -> set[str]:
        """The modules of the application that it imports."""
        names = {f"{module}.{name}" if f"{module}.{name}" in MODULES else module for module, name in self.imports}
        return names & MODULES.keys()

    @property
    def room(self) -> str:
        """Its room in billing."""
        return self.name.split(".")[2]


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def python_files(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(file): Module(name_of(file), file) for file in python_files("app")}
OF_BILLING = [module for name, module in MODULES.items() if name.startswith("app.billing.")]


def test_no_module_leads_back_to_itself():
    arrows = {name: module.modules for name, module in MODULES.items() if name not in ASSEMBLY}

    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def test_rooms_of_billing_use_only_those_below_them():
    upward = {
        f"{module.name} uses {used}"
        for module in OF_BILLING
        for used in module.modules
        if used.startswith("app.billing.") and BILLING.index(used.split(".")[2]) > BILLING.index(module.room)
    }

    assert upward == set()


def test_billing_sees_no_request_template_or_route():
    seen = {
        f"{module.name} uses {used}"
        for module in OF_BILLING
        for used in {*module.modules, *(".".join(pair) for pair in module.imports if ".".join(pair) in OF_A_REQUEST)}
        if not any(f"{used}.".startswith(f"{allowed}.") for allowed in {"app.billing", *BELOW_BILLING})
    }

    assert seen == set()


def test_only_the_gateway_imports_stripe():
    importers = {name for name, module in MODULES.items() if "stripe" in roots_of(module)}

    assert importers == {"app.billing.gateway.client"}


def test_application_never_imports_the_emulator_or_the_file_that_starts_it():
    importers = {name for name, module in MODULES.items() if {"stripe_emulator", "app.app"} & roots_of(module)}

    assert importers == set()


def roots_of(module: Module) -> set[str]:
    return {name.partition(".")[0] for name, _ in module.imports}


def test_nothing_private_of_another_module_is_used():
    used = {
        f"{module.name} uses {found}"
        for module in MODULES.values()
        for found in (*private_imports(module), *private_attributes(module))
    }

    assert used == set()


def private_imports(module: Module) -> Iterator[str]:
    for source, name in module.imports:
        if source != "__future__" and any(part.startswith("_") for part in (*source.split("."), name)):
            yield f"{source}.{name}"


def private_attributes(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            is_private = node.attr.startswith("_") and not node.attr.startswith("__") and node.attr not in DOCUMENTED
            if (is_private and not is_own) or node.attr in UNDOCUMENTED:
                yield ast.unparse(node)


def test_no_class_overrides_a_private_part_of_a_dependency():
    overridden = {
        f"{name}.{kind.__name__}.{attribute}"
        for name in MODULES
        for kind in vars(importlib.import_module(name)).values()
        if isinstance(kind, type) and kind.__module__ == name
        for attribute, value in vars(kind).items()
        if re.fullmatch(r"_[a-z].*[^_]", attribute)
        and isfunction(value)
        and any(attribute in vars(base) for base in foreign_bases(kind))
    }

    assert overridden == set()


def foreign_bases(kind: type) -> list[type]:
    return [base for base in kind.__mro__[1:] if not base.__module__.startswith("app.")]


@pytest.mark.parametrize(
    ("package", "project"),
    [
        pytest.param(ROOT / "app", ROOT, id="site"),
        pytest.param(EMULATOR / "src", EMULATOR, id="emulator", marks=pytest.mark.needs("emulator")),
    ],
)
def test_every_package_that_is_imported_is_named(package: Path, project: Path):
    names = {
        name.partition(".")[0] for file in package.rglob("*.py") for name, _ in imported(ast.parse(file.read_text()))
    }
    known = packages_distributions()
    needed = {normalized(known[name][0]) for name in names & known.keys()} - {"stripe-emulator"}

    assert needed - named_in(project) == set()


def named_in(project: Path) -> set[str]:
    described = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    optional = described.get("optional-dependencies", {}).values()
    requirements = [*described["dependencies"], *(one for group in optional for one in group)]
    return {normalized(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_tests_use_the_emulators_public_api_alone():
    public = {"stripe_emulator", *(f"stripe_emulator.{name}" for name in stripe_emulator.__all__)}
    trees = {file: ast.parse(file.read_text()) for file in python_files("tests", "benchmarks")}

    assert not {
        f"{name_of(file)} uses {module}.{name}"
        for file, tree in trees.items()
        for module, name in imported(tree)
        if module.startswith("stripe_emulator") and f"{module}.{name}".rstrip(".") not in public
    }
    assert not {name_of(file) for file, tree in trees.items() if reaches_into_the_emulator(tree)}


def reaches_into_the_emulator(tree: ast.Module) -> bool:
    """Whether a file opens the emulator's own database: `emulator.store`."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "store" and ast.unparse(node.value).endswith("emulator")
        for node in ast.walk(tree)
    )


def test_module_says_what_it_is_for():
    assert [name for name, module in MODULES.items() if module.tree.body and not ast.get_docstring(module.tree)] == []
