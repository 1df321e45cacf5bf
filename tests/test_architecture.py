import ast
from pathlib import Path

import pytest
import stripe_emulator

ROOT = Path(__file__).resolve().parent.parent
APP = sorted((ROOT / "app").rglob("*.py"))
BILLING = [file for file in APP if "billing" in file.relative_to(ROOT).parts]
OF_A_REQUEST = {"flask.request", "flask.render_template", "flask.session", "flask.g", "flask_login.current_user"}
ROUTES = ("app.auth.routes", "app.account", "app.pricing", "app.dashboard", "app.webhook", "app.admin", "app.dev")
TESTS = sorted(file for folder in ("tests", "benchmarks") for file in (ROOT / folder).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """Every module that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_only_the_gateway_imports_stripe():
    importers = {
        file.relative_to(ROOT).as_posix() for file in APP if "stripe" in {n.split(".")[0] for n in imported(file)}
    }

    assert importers == {"app/billing/gateway/client.py"}


def test_the_application_never_imports_the_emulator():
    assert not [file for file in APP if any(name.split(".")[0] == "stripe_emulator" for name in imported(file))]


def test_tests_use_the_emulators_public_api_alone():
    public = {"stripe_emulator", *(f"stripe_emulator.{name}" for name in stripe_emulator.__all__)}

    assert not {
        (file.relative_to(ROOT).as_posix(), name)
        for file in TESTS
        for name in imported(file)
        if name.startswith("stripe_emulator") and name not in public
    }
    assert not [file for file in TESTS if reaches_into_the_emulator(file)]


def reaches_into_the_emulator(file: Path) -> bool:
    """Whether a file opens the emulator's own database: `emulator.store`."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "store" and ast.unparse(node.value).endswith("emulator")
        for node in ast.walk(ast.parse(file.read_text()))
    )


@pytest.mark.parametrize("file", BILLING, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_billing_sees_no_request_template_or_route(file):
    names = imported(file)

    assert not names & OF_A_REQUEST
    assert not [name for name in names if name.startswith(ROUTES)]


def test_nothing_imports_the_development_server_file():
    assert not [file for file in APP if "app.app" in imported(file)]


@pytest.mark.parametrize("file", APP, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_module_says_what_it_is_for(file):
    source = file.read_text()

    assert not source or ast.get_docstring(ast.parse(source)), "the module needs a one-line docstring"
