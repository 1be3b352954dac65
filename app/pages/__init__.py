"""The pages, rendered here and usable without scripts: the list, the form of an entry, bulk changes, export, import."""

from flask import Blueprint, Flask, abort, request
from jinja2 import pass_environment
from werkzeug.routing import BaseConverter

from app.pages import bulk, deleted, entries, exports, imports, rows
from app.security import refuse_unless_ours

FORMS = {"", "application/x-www-form-urlencoded", "multipart/form-data"}

blueprint = Blueprint("pages", __name__)
for module in (entries, deleted, bulk, exports, imports):
    blueprint.register_blueprint(module.blueprint)
blueprint.before_request(refuse_unless_ours)


class IdConverter(BaseConverter):
    """An entry's id in an address: every one that a BIGINT column can hold, near enough. Anything else is not found."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value):
        return int(value)


def init_app(app: Flask) -> None:
    app.url_map.converters["id"] = IdConverter
    app.register_blueprint(blueprint)
    app.add_template_global(pass_environment(rows.rows), "rows")
    app.add_template_global(rows.time, "time")
    app.add_template_global(app.jinja_env.get_template("macros.html").module, "macros")


@blueprint.before_request
def refuse_other_content():
    """Say 415 to what is not a form, instead of taking it for a form without fields."""
    asked = request._get_current_object()
    if asked.method == "POST" and asked.mimetype not in FORMS:
        abort(415)
