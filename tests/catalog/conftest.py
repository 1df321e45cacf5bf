"""The site with what this fork sells: everything here runs on `app/catalog.py`, not on the tests' own catalogue."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.catalog import CATALOG
from app.config.settings import Settings
from app.database import db
from tests.applications import build_app


@pytest.fixture(scope="session")
def application(settings: Settings) -> Iterator[Flask]:
    """The application as it is deployed, with its tables made from the models."""
    application = build_app(settings, CATALOG)
    with application.app_context():
        db.create_all()
    yield application
    with application.app_context():
        db.engine.dispose()
