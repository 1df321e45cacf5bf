"""`flask jobs run`."""

import click
from flask.cli import with_appcontext

from app.jobs import build_consumer


@click.command()
@with_appcontext
def run() -> None:
    """Send mail and do the nightly work, until it is stopped (SIGTERM finishes what is being done)."""
    consumer = build_consumer()
    click.echo("Working on jobs. Press Ctrl-C to stop.")
    consumer.run()
