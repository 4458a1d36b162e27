"""`gateway routes`: every route of both apps."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..apps.project import load_project
from ..routing.route import Mode
from .views import console, progress_line, routes_table


@click.command(name="routes")
@click.option("--json", "as_json", is_flag=True, help="Print the routes as JSON.")
@click.pass_obj
def routes_command(path: Path, as_json: bool) -> None:
    """List every route of both apps: its mode, and what each app has for it."""
    rows = load_project(path).rows
    if as_json:
        documents = [
            {
                "route": row.key,
                "listed": row.route is not None and row.route.listed,
                "mode": None if row.route is None else row.route.mode.value,
                "percent": row.route.percent if row.route is not None and row.route.mode is Mode.CANARY else None,
                "legacy": [have.name for have in row.legacy.routes],
                "new": [have.name for have in row.new.routes],
            }
            for row in rows
        ]
        click.echo(json.dumps(documents, indent=2))
        return
    out = console()
    out.print(routes_table(rows))
    out.print()
    out.print(progress_line(rows))
