"""`gateway routes`: every route of both apps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..apps.project import load_project
from ..apps.rows import Row
from ..routing.route import Mode
from .views import console, progress_line, routes_table


@click.command(name="routes")
@click.option("--json", "as_json", is_flag=True, help="Print the routes as JSON.")
@click.pass_obj
def routes_command(path: Path, as_json: bool) -> None:
    """List every route of both apps: its mode, and what each app has for it."""
    rows = load_project(path).rows
    if as_json:
        click.echo(json.dumps([_row_as_json(row) for row in rows], indent=2))
        return
    out = console()
    out.print(routes_table(rows))
    out.print()
    out.print(progress_line(rows))


def _row_as_json(row: Row) -> dict[str, Any]:
    route = row.route
    return {
        "route": row.key,
        "listed": route is not None and route.listed,
        "mode": None if route is None else route.mode.value,
        "percent": route.percent if route is not None and route.mode is Mode.CANARY else None,
        "legacy": [have.name for have in row.legacy.routes],
        "new": [have.name for have in row.new.routes],
    }
