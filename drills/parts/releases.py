"""Other releases than this one: instances with more migrations, not started yet."""

from collections.abc import Mapping

from drills.parts.processes import ROOT
from drills.parts.site import STAGES, Site
from drills.stage import Guard, Stage

VERSIONS = "app/migrations/versions"
HEAD = max(path.name for path in (ROOT / VERSIONS).glob("[0-9]*.py"))[:4]  # the newest revision of this release
NEXT, AFTER = f"{int(HEAD) + 1:04}", f"{int(HEAD) + 2:04}"

# The next release adds a column; the one after it takes it away again, and says who survives that.
EXPANDED, CONTRACTED = f"{NEXT}_add_note.py", f"{AFTER}_drop_note.py"
EXPAND = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade():
    op.add_column("entries", sa.Column("note", sa.String(200)))
"""
CONTRACT = f"""
from alembic import op

revision = "{AFTER}"
down_revision = "{NEXT}"
works_with = "{NEXT}"


def upgrade():
    op.drop_column("entries", "note")
"""
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_schema = '{}' AND table_name = 'entries'"
# How app/migrate.py says what it makes of a database of a newer release.
OF_NEWER = "return compatibility.of_newer(connection, scripts, current)"


def instance(stage: Stage, given: Mapping[str, str], migrations: Mapping[str, str] = {}, **environ: str) -> Site:
    """Both tiers laid out, with more migrations, and without the guard if it is to be taken away; nothing runs yet."""
    guard = stage.drill.guard if stage.unguarded else Guard("")
    site = Site(stage.place("instance"), {**given, **environ, **guard.environ}, guard.edits)
    for name, text in migrations.items():
        (site.layouts["app"] / VERSIONS / name).write_text(text)
    return site


def serve(stage: Stage, site: Site, migrated: bool = True) -> Site:
    """Migrate, unless that is left out, and start both tiers until the drill's end."""
    if migrated:
        site.migrate()
    for tier in STAGES:
        site.start(tier)
        stage.until_done.callback(site.end, tier)
    site.wait()
    return site
