"""The npm tools that check pages; a test that needs a missing one skips, and CI has them all."""

import os
from pathlib import Path

import pytest

MODULES = Path(__file__).resolve().parents[2] / "node_modules"


def require_tool(path: str) -> Path:
    """The file of an npm tool, or a skip that says how to get it."""
    found = MODULES / path
    if not found.exists():
        if os.environ.get("REQUIRE_EVERYTHING"):
            pytest.fail(f"{path} is required here.")
        pytest.skip(f"{path} is not installed (npm install).")
    return found
