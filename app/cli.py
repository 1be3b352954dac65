"""The commands of `flask --app app`."""

import os
import time

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app import config, database, seed, store
from app.models import db
from app.outage import one_line

TIDYING = 2  # seconds that a task may start later for it: each one runs this first


def init_app(app: Flask) -> None:
    app.cli.add_command(migrate_command)
    app.cli.add_command(seed_command)
    app.cli.add_command(tidy_command)


@click.command("migrate")
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds to wait for a database that is still starting.",
)
@with_appcontext
def migrate_command(wait):
    """Bring the tables and the application's user up to date. Safe to run from several places at once, and again.

    Then tidy for a few seconds: this is what every deployment runs.
    """
    from app import migrate  # and with it Alembic, for which no server should have to wait when it starts

    connect_args = current_app.config["SQLALCHEMY_ENGINE_OPTIONS"].get("connect_args", {})
    url = db.engine.url
    try:
        user = config.application_user(os.environ, url.username)
        click.echo(f"migrate: {migrate.upgrade(url, connect_args, wait, user)}")
    except (config.ConfigError, migrate.MigrationError) as error:
        raise SystemExit(f"migrate: error: {error}") from None  # a metric counts lines with "migrate: error"
    tidy_a_little()


def tidy_a_little() -> None:
    """Tidy for a few seconds, and say so if there was anything. What is left over, or goes wrong, can wait."""
    try:
        done = store.tidy(database.write, TIDYING)
        if any(done.values()):
            click.echo(summary(done))
    except SQLAlchemyError as error:
        click.echo(f"tidy: left for the next time: {one_line(error)}")
    finally:
        db.engine.dispose()


@click.command("tidy")
@with_appcontext
def tidy_command():
    """Remove what was deleted long ago, and mend what an older release wrote: all of it. Can be run at any time."""
    try:
        click.echo(summary(store.tidy(database.write)))
    except SQLAlchemyError as error:
        raise SystemExit(f"tidy: error: {one_line(error)}") from None


def summary(done: dict[str, int]) -> str:
    return f"tidy: {', '.join(f'{count} {what}' for what, count in done.items())}"


@click.command("seed-data")
@click.argument("count", type=click.IntRange(1, 10_000_000))
@with_appcontext
def seed_command(count):
    """Store COUNT made-up entries, beside those that are there."""
    started = time.monotonic()
    try:
        seed.seed(count)
    except SQLAlchemyError as error:
        raise SystemExit(f"seed-data: error: {one_line(error)}") from None
    click.echo(f"seed-data: stored {count} entries in {time.monotonic() - started:.1f} s")
