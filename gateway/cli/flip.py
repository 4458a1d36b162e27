"""`gateway flip`: move a route to another mode."""

from __future__ import annotations

import getpass
import math
import os
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..rollout.flips import Flips
from ..routing.route import FUTURE_MODES, Mode
from .views import console


class ModeChoice(click.Choice):  # type: ignore[type-arg]  # generic since click 8.2 only
    """A mode's word; one that is to come is refused with what it waits for."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word. Raises BadParameter."""
        if value in FUTURE_MODES:
            self.fail(f'mode "{value}" {FUTURE_MODES[value]}', param, ctx)
        return super().convert(value, param, ctx)


@click.command(name="flip")
@click.argument("route")
@click.argument("mode", type=ModeChoice([mode.value for mode in Mode]))
@click.option("--percent", type=click.FloatRange(0, 100), help="Share of clients that a canary sends to the new side.")
@click.option("--force", is_flag=True, help="Flip without fresh evidence that both sides match; needs --reason.")
@click.option("--reason", help="Why; the audit keeps it.")
@click.pass_obj
def flip_command(path: Path, route: str, mode: str, percent: float | None, force: bool, reason: str | None) -> None:
    """Move ROUTE to another mode by editing its line; a running gateway follows."""
    if percent is not None and math.isnan(percent):
        raise click.UsageError("--percent is a number from 0 to 100")
    if percent is not None and mode != Mode.CANARY.value:
        raise click.UsageError("--percent is the share of a canary; leave it out, or flip to canary")
    if force != bool(reason and reason.strip()):
        raise click.UsageError('--force and --reason "..." go together: whoever overrides says why')
    flips = Flips(path)
    plan = flips.plan(route, Mode(mode), percent)
    out = console()
    if not plan.changes:
        out.print(f"nothing to do: {escape(plan.after.key)} is {mode} already ({escape(str(path))}:{plan.edit.line})")
        return
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # the number has no name, as in many containers
        user = str(os.getuid())
    unaudited = flips.apply(plan, who=user, reason=reason or "", forced=force)
    if unaudited is not None:
        text = f"[bold yellow]warning[/] flipped, but not in the audit: {escape(str(unaudited))}"
        console(stderr=True).print(text)
    out.print(f"{escape(str(path))}:{plan.edit.line}")
    out.print(f"[red]- {escape(plan.edit.before)}[/]\n[green]+ {escape(plan.edit.after)}[/]")
