"""The commands around evidence: `flip`, `history`, `differences`. Each parses, calls, prints."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from ..comparing.result import ParityResult
from ..config.edit import Flip, flip, write_map
from ..config.map_file import decode_map, draft_map, load_map, parse_route_key, read_map
from ..errors import StoreError
from ..evidence.differences_document import differences_document
from ..rollout.flips import Move, audited, refuse_harm, refuse_unsupported, what_lacks
from ..routing.route import Mode, route_key
from ..serving.gateway import Gateway, create_app
from ..store.store import AuditEntry, Store
from .views import console


@click.command(name="flip")
@click.argument("route")
@click.argument("mode", type=click.Choice([mode.value for mode in Mode]))
@click.option("--percent", type=click.FloatRange(0, 100), help="Share of clients that a canary sends to the new side.")
@click.option("--force", is_flag=True, help="Flip without fresh evidence that both sides match; needs --reason.")
@click.option("--reason", help="Why; the audit keeps it.")
@click.pass_obj
def flip_command(path: Path, route: str, mode: str, percent: float | None, force: bool, reason: str | None) -> None:
    """Move ROUTE to another mode by editing its line; a running gateway follows."""
    text = read_map(path)
    if percent is not None and mode != Mode.CANARY.value:
        raise click.UsageError("--percent is the share of a canary; leave it out, or flip to canary")
    if force != bool(reason and reason.strip()):
        raise click.UsageError('--force and --reason "..." go together: whoever overrides says why')
    flipped = flip(decode_map(text, path), str(path), route, Mode(mode), percent)
    before = create_app(path, watch=False)
    after = Gateway(legacy=before.legacy, new=before.new, routes=draft_map(flipped.text, str(path)))
    move = Move(_canonical(route), before, after)
    refuse_harm(move)
    lacking = what_lacks(move)
    if lacking and not force:
        refuse_unsupported(move, lacking)
    _write(path, flipped, move, reason or "", forced=bool(lacking))
    out = console()
    out.print(f"{escape(str(path))}:{flipped.line}")
    out.print(f"[red]- {escape(flipped.before)}[/]\n[green]+ {escape(flipped.after)}[/]")


def _write(path: Path, flipped: Flip, move: Move, reason: str, *, forced: bool) -> None:
    """A way back is open even while the audit is not: what exposes nobody is written all the same, with a warning."""
    try:
        with audited(move, reason, forced=forced):
            write_map(path, flipped.text)
    except StoreError as error:
        if move.exposes:
            raise
        write_map(path, flipped.text)
        console(stderr=True).print(f"[bold yellow]warning[/] flipped, but not in the audit: {escape(str(error))}")


@click.command(name="history")
@click.argument("route", required=False)
@click.pass_obj
def history_command(path: Path, route: str | None) -> None:
    """List every flip that this command has made, or those of ROUTE: when, who, from, to, why."""
    store = _store(path)
    if store is None:
        console().print("no store yet: nothing has been flipped or compared")
        return
    with store:
        entries = store.audit(None if route is None else _canonical(route))
    console().print(_history_table(entries) if entries else "no flip")


@click.command(name="differences")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else stdout.")
@click.pass_obj
def differences_command(path: Path, output: Path | None) -> None:
    """Write the document of deliberate differences for the API's users: every ignore rule of the map, with a sample."""
    store = _store(path)
    results: tuple[ParityResult, ...] = ()
    if store is not None:
        with store:
            results = store.ignored_results()
    document = differences_document(load_map(path).policy.ignore, results, datetime.now(UTC).date())
    if output is None:
        click.echo(document, nl=False)
    else:
        output.write_text(document, encoding="utf-8")
        console().print(f"wrote {escape(str(output))}")


def _canonical(route: str) -> str:
    """The key as the store has it."""
    try:
        return route_key(*parse_route_key(route))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _history_table(entries: Iterable[AuditEntry]) -> Table:
    table = Table("when (UTC)", "who", "route", "from", "to", "reason", box=None, header_style="dim", pad_edge=False)
    for entry in entries:
        reason = f"FORCED: {entry.reason}" if entry.forced else entry.reason
        cells = (f"{entry.when:%Y-%m-%d %H:%M}", entry.who, entry.route, entry.before, entry.after, reason)
        table.add_row(*map(escape, cells))
    return table


def _store(path: Path) -> Store | None:
    return Store.find(load_map(path).policy.store, path.parent)
