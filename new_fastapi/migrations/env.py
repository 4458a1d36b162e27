"""What Alembic runs: on the connection of a start, or for its command line on the database of DEPOT_DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import Connection

from new_fastapi.database import exclusive, open_engine
from new_fastapi.models import Model
from new_fastapi.settings import Settings


def migrate(connection: Connection) -> None:
    # SQLite changes a column only by a new table, which is what a batch makes.
    context.configure(connection=connection, target_metadata=Model.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


started = context.config.attributes.get("connection")
if started is not None:
    migrate(started)
else:
    engine = open_engine(Settings.parse(os.environ).database_url, pool_size=1)
    with exclusive(engine) as connection:
        migrate(connection)
    engine.dispose()
