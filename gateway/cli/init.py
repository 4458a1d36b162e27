"""`gateway init`: a first map of a Flask app."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from ..apps.inventory import take_inventory
from ..apps.loading import import_app, split_import_string
from ..apps.scaffold import first_map, new_side
from ..errors import Fault, GatewayError, MapError
from .views import console


@click.command(name="init")
@click.argument("legacy", metavar="MODULE:APP")
@click.option("--new", default="new_app:app", help="Import string of the new side; its module is written if absent.")
@click.option("--force", is_flag=True, help="Overwrite a map that is there.")
@click.pass_obj
def init_command(path: Path, legacy: str, new: str, force: bool) -> None:
    """Write a first map for a Flask app, every rule listed as legacy, and an empty FastAPI app beside it."""
    if path.exists() and not force:
        raise MapError((Fault(str(path), None, "", "is there already; --force overwrites it"),))
    module, attribute = split_import_string(new, "--new")
    have = take_inventory(import_app(legacy, "init"), None)
    if have.url_map is None:
        what = "is a WSGI app, but not a Flask app, so its rules cannot be listed; a factory is given its arguments"
        raise GatewayError(f'init: "{legacy}" {what}: "shop:create_app(...)"')
    path.write_text(first_map(legacy, new, have.legacy, have.hooks), encoding="utf-8")
    out = console()
    out.print(f"wrote {escape(str(path))} ({len(have.legacy)} routes, all legacy)")
    file = Path(f"{module.replace('.', '/')}.py")
    if not file.exists() and not file.with_suffix("").is_dir():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(new_side(attribute), encoding="utf-8")
        out.print(f"wrote {escape(str(file))} (an empty FastAPI app)")
    out.print("next: gateway serve; before a first flip, gateway parity (the end of the map says how)")
