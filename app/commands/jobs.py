"""`flask jobs run`."""

import logging

import click
from flask.cli import with_appcontext

from app.jobs import build_consumer

logger = logging.getLogger(__name__)


@click.command()
@with_appcontext
def run() -> None:
    """Send mail and do the nightly work, until it is stopped (SIGTERM finishes what is being done)."""
    consumer = build_consumer()
    logger.info("Working on jobs; Ctrl-C or SIGTERM stops.")
    consumer.run()
