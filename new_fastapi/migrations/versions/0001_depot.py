"""The tables as they were before they had a history: a database from that time keeps its own and gets what it lacks."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAME = sa.String(80)
MONEY = sa.Numeric().with_variant(sa.String(20), "sqlite")
# Those that refer to others first.
TABLES = (
    "trip_stops",
    "stops",
    "trips",
    "routes",
    "employees",
    "departments",
    "users",
    "products",
    "feedback",
    "todos",
)


def upgrade() -> None:
    _create("todos", _column("title", sa.String(200)), _column("done", sa.Boolean))
    _create("feedback", _column("name", NAME), _column("message", sa.Text), _column("sent_at", sa.DateTime))
    _create(
        "products",
        _column("name", NAME),
        _column("price", MONEY),
        _column("stock", sa.Integer),
        _column("listed_at", sa.DateTime),
    )
    _create_people()
    _create_network()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _create_people() -> None:
    _create(
        "users",
        _column("name", NAME),
        _column("email", sa.String(254), unique=True),
        _column("age", sa.Integer),
        sa.Column("password_hash", sa.String(200)),
    )
    _create("departments", _column("name", NAME, unique=True))
    _create("employees", _column("name", NAME), _column("role", NAME), _reference("department_id", "departments"))
    _create_index("employees", "department_id")


def _create_network() -> None:
    _create("routes", _column("name", NAME))
    _create("trips", _reference("route_id", "routes"), _column("headsign", NAME))
    _create("stops", _column("name", NAME), _column("zone", sa.Integer))
    _create(
        "trip_stops",
        _reference("trip_id", "trips"),
        _reference("stop_id", "stops"),
        _column("position", sa.Integer),
        _column("arrives", sa.Time),
    )
    _create_index("trips", "route_id")
    _create_index("trip_stops", "trip_id")
    _create_index("trip_stops", "stop_id")


def _create(table: str, *columns: sa.Column[Any]) -> None:
    op.create_table(table, sa.Column("id", sa.Integer, primary_key=True), *columns, if_not_exists=True)


def _create_index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)


def _column(name: str, kind: Any, **options: bool) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def _reference(name: str, table: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=False)
