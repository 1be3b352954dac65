"""The JSON API and its OpenAPI document."""

from flask import Flask

from app.api.entries import blueprint
from app.security import csrf


def init_app(app: Flask) -> None:
    # It has no cookie that a forged request could use, takes no form, and refuses what comes from other sites' pages.
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)
