"""The JSON API and its OpenAPI document."""

from flask import Flask

from app.api.entries import blueprint


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
