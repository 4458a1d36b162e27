"""`gateway parity`: replays cases on both sides and says what differs. Exit codes: 0, 1, 2, 3 as in docs/parity.md."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .parity.finds import keep_finds
from .parity.html_report import render_html
from .parity.plan import Plan, make_plan
from .parity.report import Report, exit_code, render_json, render_junit
from .parity.result import Outcome, ParityResult
from .parity.run import RunOptions, run_parity
from .parity_display import report_view, shortened_list
from .store import Store

_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command(name="parity")
@click.argument("routes", metavar="[ROUTE]...", nargs=-1)
@click.option("--workers", default=1, type=click.IntRange(1), help="Pairs of sides that replay at once.")
@click.option("--seed", type=int, help="Of the order of the sides and of generated cases; by default a new one.")
@click.option("--generate/--no-generate", default=True, help="Add cases read off the code of both apps.")
@click.option("--keep/--no-keep", default=True, help="Shrink generated cases that differ and keep them in the corpus.")
@click.option("--resume", is_flag=True, help="Go on with the last run, if it was interrupted and nothing has changed.")
@click.option("--json", "json_file", type=_FILE, help="Write the run as JSON; - is standard output.")
@click.option("--junit", "junit_file", type=_FILE, help="Write the run as JUnit XML.")
@click.option("--html", "html_file", type=_FILE, help="Write the run as one HTML page.")
@click.pass_obj
def parity_command(
    path: Path,
    /,
    routes: tuple[str, ...],
    workers: int,
    seed: int | None,
    generate: bool,
    keep: bool,
    resume: bool,
    **files: Path | None,
) -> None:
    """Replay the corpus on both sides and compare answers and effects: every ROUTE that both have, or these."""
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    plan = make_plan(path, routes, generated=generate, seed=chosen)
    options = RunOptions(workers, chosen, resume, whole=not routes)
    with Store.open(plan.map.policy.store, plan.root) as store:
        report = _run(plan, store, options)
    written = _write(report, files)
    if "-" not in written:
        _show(report, plan, written)
    if keep and not report.was_interrupted:
        for line in keep_finds(plan, report, chosen):
            click.echo(line, err=True)
    sys.exit(exit_code(report.outcome))


def _run(plan: Plan, store: Store, options: RunOptions) -> Report:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[found]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("parity", total=len(plan.cases), found="")
        mismatched = 0

        def on_case(results: tuple[ParityResult, ...]) -> None:
            nonlocal mismatched
            mismatched += sum(result.outcome is Outcome.MISMATCHED for result in results)
            found = f"{mismatched} mismatched" if mismatched else ""
            progress.update(bar, advance=len({result.case for result in results}), found=found)

        return run_parity(plan, store, options, on_case)


def _write(report: Report, files: dict[str, Path | None]) -> tuple[str, ...]:
    renderers = {"json_file": render_json, "junit_file": render_junit, "html_file": render_html}
    wanted = [(str(file), renderers[name]) for name, file in files.items() if file is not None]
    for name, render in wanted:
        with click.open_file(name, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(render(report))
    return tuple(name for name, _ in wanted)


def _show(report: Report, plan: Plan, written: tuple[str, ...]) -> None:
    is_file = not sys.stdout.isatty()
    out = Console(highlight=False, emoji=False, markup=False, width=140 if is_file else None)
    for part in report_view(report):
        out.print(part)
    if plan.one_sided:
        out.print(
            f"Not compared, for the new app does not have it yet: {shortened_list(plan.one_sided, 6)}", style="dim"
        )
    for name in written:
        out.print(f"wrote {name}", style="dim")
