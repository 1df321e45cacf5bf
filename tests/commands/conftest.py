"""Running commands as an operator does."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Run `flask` with these arguments, and this text in the pipe."""

    def run(*arguments: str, piped: str | None = None) -> Result:
        result = app.test_cli_runner().invoke(args=list(arguments), input=piped)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
