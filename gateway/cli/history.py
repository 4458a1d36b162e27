"""`gateway history`: the flips that were made."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from ..config.map_file import load_map, parse_route_key
from ..routing.route import route_key
from ..store.store import Store
from .views import console


@click.command(name="history")
@click.argument("route", required=False)
@click.pass_obj
def history_command(path: Path, route: str | None) -> None:
    """List every flip that this command has made, or those of ROUTE: when, who, from, to, why."""
    store = Store.find(load_map(path).replay.store, path.parent)
    if store is None:
        console().print("no store yet: nothing has been flipped or compared")
        return
    with store:
        try:
            key = None if route is None else route_key(*parse_route_key(route))
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        entries = store.audit(key)
    if not entries:
        console().print("no flip")
        return
    table = Table("when (UTC)", "who", "route", "from", "to", "reason", box=None, header_style="dim", pad_edge=False)
    for entry in entries:
        reason = f"FORCED: {entry.reason}" if entry.forced else entry.reason
        cells = (f"{entry.at:%Y-%m-%d %H:%M}", entry.who, entry.route, entry.before, entry.after, reason)
        table.add_row(*map(escape, cells))
    console().print(table)
