"""The probes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask


def test_readiness_does_not_depend_on_the_working_directory(
    app_with: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    answer = app_with().test_client().get("/readyz")

    # The tests make their tables without migrations.
    assert answer.json == {"status": "unavailable", "reason": "the database is not at the newest migration"}
