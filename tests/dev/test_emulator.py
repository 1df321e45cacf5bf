"""The emulator beside the development server: it ends with it, and finds a port."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.config.settings import ROOT, Settings
from app.dev.emulator import EmulatorProcess
from app.machine import PortTaken
from tests.test_development_server import START_SECONDS, answers, free_port

pytestmark = pytest.mark.slow


def test_a_killed_site_takes_its_emulator_with_it(tmp_path: Path) -> None:
    """So that the next start, at once, finds the emulator's port free."""
    owner = (
        "import sys, time; from pathlib import Path; from app.dev.emulator import EmulatorProcess;"
        "from app.config.settings import Settings;"
        "owner = EmulatorProcess(Settings(emulator_port=int(sys.argv[1]), instance_path=Path(sys.argv[2])));"
        "owner.__enter__(); print('up', flush=True); time.sleep(60)"
    )
    settings = Settings(emulator_port=free_port(), instance_path=tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", owner, str(settings.emulator_port), str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = process.stdout.readline()
    process.kill()
    _, errors = process.communicate(timeout=30)

    assert said == "up\n", errors
    with EmulatorProcess(settings, patience=START_SECONDS):
        assert answers(f"{settings.emulator_url}/healthz")
    assert not answers(f"{settings.emulator_url}/healthz")


def test_the_emulator_takes_the_next_free_port_when_none_was_set(tmp_path: Path) -> None:
    settings = Settings(instance_path=tmp_path)
    usual = settings.emulator_url
    try:
        taken = socket.create_server(("127.0.0.1", 12111))
    except OSError:  # Somebody else has it, which is as good.
        taken = socket.socket()

    with taken, EmulatorProcess(settings, patience=0):
        found = settings.emulator_url
        assert answers(f"{found}/healthz")
        assert Settings(instance_path=tmp_path).stripe_base == found

    assert usual == "http://127.0.0.1:12111" != found
    assert settings.emulator_url == usual


def test_an_emulators_port_that_was_set_and_is_in_use_is_a_clear_message(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(emulator_port=port, instance_path=tmp_path)

        with pytest.raises(PortTaken, match=f"Port {port} is in use, .* or set EMULATOR_PORT to another one"):
            EmulatorProcess(settings, patience=0).__enter__()
