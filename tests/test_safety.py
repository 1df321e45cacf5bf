"""What `AGENTS.md` asks of everybody who changes this code, as far as a test can hold it."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MIGRATIONS = sorted((ROOT / "migrations/versions").glob("*.py"))
# A live key, or a long one, as Stripe makes them: small and capital letters and digits at random.
RANDOM = r"(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])"
SECRET = re.compile(rf"\b(?:[sr]k_live_{RANDOM}[A-Za-z0-9]{{24,}}|[sr]k_test_{RANDOM}[A-Za-z0-9]{{40,}})\b")
DESTROYING = {"drop_table", "drop_column"}


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_secret_and_no_private_file_is_committed() -> None:
    files = committed()
    if not files:
        pytest.skip("not a git repository")

    assert [str(file) for file in files if file.name == ".env" or "instance" in file.relative_to(ROOT).parts[:1]] == []
    found = [str(file) for file in files if SECRET.search(file.read_text(errors="ignore"))]
    assert found == []


@pytest.mark.parametrize("file", MIGRATIONS, ids=lambda file: file.stem)
def test_no_migration_destroys_without_saying_so(file: Path) -> None:
    text = file.read_text()
    [upgrade] = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
    lines = text.splitlines()

    for node in ast.walk(upgrade):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in DESTROYING:
            assert any("# Destroys:" in line for line in lines[max(0, node.lineno - 3) : node.lineno]), ast.unparse(
                node
            )


def test_the_emulator_is_what_the_tests_ask(settings: object) -> None:
    base = str(getattr(settings, "stripe_api_base", ""))

    assert base.startswith("http://127.0.0.1:")
