"""The `gateway` command: each command parses, calls, prints, exits. Exit codes: 0 fine, 1 findings, 2 could not run."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
from rich.console import Console
from rich.markup import escape

from .. import __version__
from ..apps.findings import Level, Row, list_rows
from ..apps.inventory import flask_hooks, flask_routes, take_inventory
from ..apps.loading import flask_app_of, import_app, split_import_string
from ..apps.scaffold import first_map, new_side
from ..errors import Fault, GatewayError, MapError
from ..rollout.flips import findings
from ..routing.canary import takes_new
from ..routing.route import WEBSOCKET, Backend, Mode
from ..routing.table import Explanation
from ..serving.gateway import create_app
from ..serving.uvicorn_server import ServeOptions, serve
from .corpus import corpus_command
from .evidence import differences_command, flip_command, history_command
from .parity import parity_command
from .views import console, counts_line, explanation_view, findings_view, progress_line, routes_table


def main() -> None:
    """Entry point. A GatewayError, or a file that cannot be written, becomes its text and exit code 2."""
    try:
        cli()
    except (GatewayError, OSError) as error:
        err = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
        for line in str(error).splitlines():
            err.print(f"[bold red]error[/] {escape(line)}")
        sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, prog_name="gateway")
@click.option(
    "--map", "path", type=click.Path(dir_okay=False, path_type=Path), default="migration_map.toml", help="The map file."
)
@click.pass_context
def cli(context: click.Context, path: Path) -> None:
    """Serve a Flask app and its FastAPI successor as one; the map file says who answers what."""
    context.obj = path


@cli.command(name="serve")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", default=8000, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", default=1, type=click.IntRange(1), help="Worker processes.")
@click.option("--watch/--no-watch", default=True, help="Follow changes of the map file.")
@click.option("--access-log/--no-access-log", default=True, help="One JSON line a request on stdout.")
@click.option("--root-path", default="", help="Prefix that a proxy in front has stripped.")
@click.option(
    "--forwarded-allow-ips", help="Proxies whose X-Forwarded headers are believed; uvicorn's default if absent."
)
@click.option(
    "--graceful-timeout", default=30, type=click.IntRange(0), help="Seconds that open requests get at the end."
)
@click.option(
    "--record", type=click.Path(file_okay=False, path_type=Path), help="Directory of cases that traffic is recorded as."
)
@click.option(
    "--record-share", default=0.01, type=click.FloatRange(0, 1), help="Share of the requests that is recorded."
)
@click.pass_obj
def serve_command(path: Path, /, **options: Any) -> None:
    """Serve both apps on one port."""
    serve(path, ServeOptions(**options))


@cli.command(name="check")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.pass_obj
def check_command(path: Path, as_json: bool, strict: bool) -> None:
    """Compare the map with both apps: routes that nobody has, hooks that a flip loses, and the like."""
    found = findings(create_app(path, watch=False))
    out = console()
    if as_json:
        click.echo(json.dumps([{**asdict(finding), "level": finding.level.value} for finding in found], indent=2))
    else:
        for part in findings_view(found):
            out.print(part)
        out.print(counts_line(found))
    failing = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    sys.exit(1 if any(finding.level in failing for finding in found) else 0)


@cli.command(name="routes")
@click.option("--json", "as_json", is_flag=True, help="Print the routes as JSON.")
@click.pass_obj
def routes_command(path: Path, as_json: bool) -> None:
    """List every route of both apps: its mode, and what each app has for it."""
    gateway = create_app(path, watch=False)
    rows = list_rows(gateway.live.table, take_inventory(gateway.legacy, gateway.new))
    if as_json:
        click.echo(json.dumps([_row_as_json(row) for row in rows], indent=2))
        return
    out = console()
    out.print(routes_table(rows))
    out.print()
    out.print(progress_line(rows))


@cli.command(name="explain")
@click.argument("method")
@click.argument("request_path", metavar="PATH")
@click.option("--key", help="A sticky key (a cookie's or header's value, an address): on which side of a canary is it?")
@click.pass_obj
def explain_command(path: Path, method: str, request_path: str, key: str | None) -> None:
    """Say who answers METHOD PATH, and why."""
    table = create_app(path, watch=False).live.table
    explanation = table.explain(method.upper(), unquote(request_path.partition("?")[0]))
    out = console()
    for part in explanation_view(explanation, _answer(explanation, table.default, key)):
        out.print(part)


for _command in (parity_command, flip_command, history_command, differences_command, corpus_command):
    cli.add_command(_command)


@cli.command(name="init")
@click.argument("legacy", metavar="MODULE:APP")
@click.option("--new", default="new_app:app", help="Import string of the new side; its module is written if absent.")
@click.option("--force", is_flag=True, help="Overwrite a map that is there.")
@click.pass_obj
def init_command(path: Path, legacy: str, new: str, force: bool) -> None:
    """Write a first map for a Flask app, every rule listed as legacy, and an empty FastAPI app beside it."""
    if path.exists() and not force:
        raise MapError((Fault(str(path), None, "", "is there already; --force overwrites it"),))
    module, attribute = split_import_string(new, "--new")
    app = import_app(legacy, "init")
    flask_app = flask_app_of(app)
    if flask_app is None:
        raise GatewayError(f'init: "{legacy}" is a WSGI app, but not a Flask app, so its rules cannot be listed')
    routes = tuple(flask_routes(flask_app.url_map))
    path.write_text(first_map(legacy, new, routes, flask_hooks(app)), encoding="utf-8")
    out = console()
    out.print(f"wrote {escape(str(path))} ({len(routes)} routes, all legacy)")
    file = Path(f"{module.replace('.', '/')}.py")
    if not file.exists() and not file.with_suffix("").is_dir():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(new_side(attribute), encoding="utf-8")
        out.print(f"wrote {escape(str(file))} (an empty FastAPI app)")
    out.print("next: gateway serve; before a first flip, gateway parity (the end of the map says how)")


def _answer(explanation: Explanation, default: Backend, key: str | None) -> str:
    route, backend = explanation.match.route, explanation.match.backend
    if explanation.method == WEBSOCKET:
        return f"{Backend.NEW.value}, for WSGI has no websockets"
    if route is None:
        return _refusal(explanation, backend or default)
    if backend is not None:
        return backend.value
    if key is None:
        return (
            f"new for {route.percent:g} % of clients, by {route.sticky}; the others legacy (--key VALUE tells for one)"
        )
    return Backend.NEW.value if takes_new(route.rule, key, route.percent) else Backend.LEGACY.value


def _refusal(explanation: Explanation, backend: Backend) -> str:
    if not explanation.candidates:
        return f"{backend.value}, by default"
    answers_options = explanation.method == "OPTIONS" and backend is Backend.LEGACY
    does = "answers OPTIONS by itself" if answers_options else f"has to refuse {explanation.method}"
    allow = ", ".join(sorted(explanation.match.allow))
    note = f", with the methods of both sides in Allow ({allow})" if allow else ""
    return f"{backend.value}, which {does}{note}"


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
