import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.config.settings import Settings
from app.dev.emulator import EmulatorProcess, PortTaken

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`python app.py` in a folder of its own, with an emulator that is running already."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "FLASK_"))}
        self.environment = clean | {"APP_ENV": "development", "PORT": str(self.port), "BASE_URL": ""} | environment

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> subprocess.CompletedProcess[str]:
        process = self.start()
        output, errors = process.communicate(timeout=START_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def is_ready(self, process: subprocess.Popen[str]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                    return answer.status == 200
            except OSError:
                time.sleep(0.1)
        return False


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_site_comes_up_prints_its_address_and_stops_when_told(tmp_path, emulator, stop):
    server = Server(INSTANCE_PATH=str(tmp_path), STRIPE_API_BASE=emulator.url)
    process = server.start()

    ready = server.is_ready(process)
    process.send_signal(stop)
    output, errors = process.communicate(timeout=30)

    assert ready, errors
    assert f"http://127.0.0.1:{server.port}" in output
    assert "4242 4242 4242 4242" in output
    assert process.returncode == 0, errors


def test_a_second_start_keeps_all_data(tmp_path, emulator):
    server = Server(INSTANCE_PATH=str(tmp_path), STRIPE_API_BASE=emulator.url)
    kept = []
    for _ in range(2):
        process = server.start()
        assert server.is_ready(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        kept.append((tmp_path / "emulator_webhook_secret").read_text())

    assert kept[0] == kept[1]
    assert (tmp_path / "perennial.sqlite3").exists()


def test_a_killed_site_takes_its_emulator_with_it(tmp_path):
    """So that the next start, at once, finds the emulator's port free."""
    owner = (
        "import sys, time; from pathlib import Path; from app.dev.emulator import EmulatorProcess;"
        "from app.config.settings import Settings;"
        "owner = EmulatorProcess(Settings(stripe_api_base=sys.argv[1], instance_path=Path(sys.argv[2])));"
        "owner.__enter__(); print('up', flush=True); time.sleep(60)"
    )
    address = f"http://127.0.0.1:{free_port()}"
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", owner, address, str(tmp_path)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = process.stdout.readline()
        process.kill()
        _, errors = process.communicate(timeout=30)

        assert said == "up\n", errors

    assert ends(address)


def test_a_port_that_the_emulator_needs_and_another_has_is_a_clear_message(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings(stripe_api_base=f"http://127.0.0.1:{port}", instance_path=tmp_path)

        with pytest.raises(PortTaken, match=f"Port {port} is in use, and the Stripe emulator needs it"):
            EmulatorProcess(settings).__enter__()


def ends(address: str) -> bool:
    """Whether nothing answers there any more, in a while."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urlopen(f"{address}/healthz", timeout=2).close()
            time.sleep(0.1)
        except OSError:
            return True
    return False


def test_a_port_in_use_is_a_clear_message(tmp_path, emulator):
    server = Server(INSTANCE_PATH=str(tmp_path), STRIPE_API_BASE=emulator.url)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()

        result = server.run()

    assert result.returncode == 1
    assert result.stderr.strip() == (
        f"Port {server.port} is in use: stop what listens there, or set PORT to another one."
    )


def test_production_is_told_to_use_gunicorn(tmp_path):
    result = Server(
        APP_ENV="production",
        SECRET_KEY="k" * 32,
        BASE_URL="https://example.com",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        STRIPE_SECRET_KEY="sk_live_made_up_for_this_test",
        STRIPE_PUBLISHABLE_KEY="pk_live_made_up_for_this_test",
        STRIPE_WEBHOOK_SECRET="whsec_made_up",
    ).run()

    assert result.returncode == 1
    assert 'gunicorn "app:create_app()"' in result.stderr


def test_bad_settings_stop_the_start_with_one_list():
    result = Server(APP_ENV="production", SECRET_KEY="short").run()

    assert result.returncode == 1
    assert "  - SECRET_KEY: each key must be at least 32 bytes long" in result.stderr
    assert "Traceback" not in result.stderr
