"""The web application: a list of entries kept in MySQL."""

from flask import Flask

from app import admission, api, cli, config, database, errors, health, pages, request_log, security, static_files
from app.answers import Answer
from app.models import db


class Application(Flask):
    """Flask, told that nothing here is a coroutine: it would look anew at each function that each request calls."""

    request_class, response_class = admission.Asked, Answer

    def ensure_sync(self, func):
        return func


def create_app(overrides=None) -> Flask:
    """Return the application, configured from the environment and then from overrides, a mapping of settings.

    What the environment lacks, or has wrong, ends the process with one line on stderr and status 1: a container with
    half a configuration must fail where it starts, not at its first request.
    """
    app = Application("app")
    try:
        config.load(app, overrides or {})
    except config.ConfigError as error:
        raise SystemExit(f"flaskcrud: {error}") from None
    db.init_app(app)
    database.init_app(app)
    request_log.init_app(app)
    admission.init_app(app)
    security.init_app(app)
    static_files.init_app(app)
    app.register_blueprint(health.blueprint)
    pages.init_app(app)
    api.init_app(app)
    errors.init_app(app)
    cli.init_app(app)
    return app
