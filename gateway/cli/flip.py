"""`gateway flip`: move a route to another mode."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from ..config.edit import Flip, flip, write_map
from ..config.map_file import decode_map, parse_map, read_map
from ..errors import StoreError
from ..rollout.flips import Move, audited, refuse_harm, refuse_unsupported, what_lacks
from ..routing.route import Mode
from ..serving.gateway import Gateway, create_app
from .history import canonical_key
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
    after = Gateway(legacy=before.legacy, new=before.new, routes=parse_map(flipped.text, str(path)))
    move = Move(canonical_key(route), before, after)
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
