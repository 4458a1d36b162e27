"""The one history of the schema, for both sides: each start brings the database to its newest revision.

Alembic is imported only where there is something to do: it takes longer than everything else in a start.
"""

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

VERSIONS = Path(__file__).with_name("versions")

# Alembic keeps the migration that it runs in its module, one for all threads.
ALEMBIC = threading.Lock()


def newest_revision() -> str:
    """Revisions are numbered, and a file's name begins with its own."""
    return max(path.name for path in VERSIONS.glob("*.py")).partition("_")[0]


def revision_of(connection: Connection) -> str | None:
    """None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def upgrade(connection: Connection) -> None:
    """To the newest revision, in the transaction that the connection is in."""
    if revision_of(connection) == newest_revision():
        return
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", __name__.replace(".", ":"))
    with ALEMBIC:
        command.upgrade(config, "head")
