from pathlib import Path

import pytest

from app.machine import available_cores


@pytest.mark.parametrize(
    ("quota", "most"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None), ("", None)]
)
def test_a_containers_limit_counts(tmp_path: Path, quota: str, most: int | None) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota)

    cores = available_cores(file)

    assert cores >= 1
    assert most is None or cores == most


def test_without_a_limit_the_machines_cores_count(tmp_path: Path) -> None:
    assert available_cores(tmp_path / "missing") >= 1
