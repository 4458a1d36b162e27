"""`gateway parity`: replays cases on both sides and says what differs. Exit codes: 0, 1, 2, 3 as in docs/parity.md."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..comparing.result import Outcome, ParityResult
from ..errors import GatewayError, ReplayError
from ..evidence.current import Sources, keep_evidence
from ..http.private_files import opener
from ..parity.counterexamples import save_counterexamples
from ..parity.plan import Plan, plan_routes, with_cases
from ..parity.reporting.html_report import render_html
from ..parity.reporting.json_report import render_json
from ..parity.reporting.junit_report import render_junit
from ..parity.reporting.report import Report, exit_code
from ..parity.run import RunOptions, run_parity
from ..store.store import Store
from .output_path import OutputFile
from .parity_view import report_view, shortened_list

_FILE = OutputFile(allow_dash=True)
_FILE_WIDTH = 120
_RENDERERS = {"json_file": render_json, "junit_file": render_junit, "html_file": render_html}
_NO_DATABASE = (
    "the map hands the apps no database of their own. Where both read its URL from DATABASE_URL, write in the map:\n"
    '  [parity]\n  environment = { DATABASE_URL = "{database}" }\n'
    'Where their code names a file: database = "sqlite:///instance/app.sqlite3" has each side open its own copy of it'
)


@click.command(name="parity")
@click.argument("routes", metavar="[ROUTE]...", nargs=-1)
@click.option("--workers", default=1, type=click.IntRange(1), help="Pairs of sides that replay at once.")
@click.option(
    "--seed",
    metavar="NUMBER|random",
    callback=lambda _context, _option, given: given and _seed_of(given),
    help="Of the order of the sides and of generated cases: 0 by default, so that a run can be had again.",
)
@click.option("--generate/--no-generate", default=True, help="Add cases read off the code of both apps.")
@click.option(
    "--self",
    "against_itself",
    is_flag=True,
    help="Replay the legacy app against itself, to try the setup before there is a new app: what differs is a false "
    "alarm. It is never evidence.",
)
@click.option(
    "--save-counterexamples/--no-save-counterexamples",
    "save",
    default=True,
    help="Shrink generated cases that differ and keep them in the corpus.",
)
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
    against_itself: bool,
    save: bool,
    resume: bool,
    **files: Path | None,
) -> None:
    """Replay the corpus on both sides and compare answers and effects: every ROUTE that both have, or these."""
    if resume and seed is not None:
        raise click.UsageError("--resume goes on with the seed of the interrupted run; leave --seed out")
    if resume and against_itself:
        raise click.UsageError("--self keeps no run that --resume could go on with; leave one of them out")
    _check_distinct(files)
    options = RunOptions(workers, seed or 0, generated=generate)
    with _progress() as progress, TemporaryDirectory(prefix="gateway-drawing-") as directory:
        # Hypothesis, by which cases are drawn, keeps tables of characters; by default in the working directory.
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", directory)
        own_store = f"sqlite:///{directory}/self.sqlite3" if against_itself else None
        plan, report = _run(path, routes, options, progress, own_store, resume=resume)
    wanted = {str(file): _RENDERERS[name] for name, file in files.items() if file is not None}
    if "-" not in wanted:
        _show(report, plan)
    write_reports(report, wanted)  # what is shown already is not lost where the disk is full
    if save and not report.was_interrupted and not against_itself:
        try:
            for line in save_counterexamples(plan, report, report.seed):
                click.echo(line, err=True)
        except KeyboardInterrupt:
            click.echo("interrupted: nothing was kept in the corpus", err=True)
        except (GatewayError, OSError) as error:  # the run has said what it has to say
            click.echo(f"counterexamples could not be kept: {error}", err=True)
    sys.exit(exit_code(report.outcome))


def write_reports(report: Report, wanted: Mapping[str, Callable[[Report], str]]) -> None:
    """Write a run to files, each by its renderer; `-` is standard output.

    Raises GatewayError for those that cannot be written, once the others are.
    """
    faults = []
    for name, render in wanted.items():
        try:
            _write(name, render(report))
        except OSError as error:
            faults.append(f"{name}: cannot be written: {error.strerror}")
        else:
            if "-" not in wanted:
                click.secho(f"wrote {name}", dim=True)
    if faults:
        raise GatewayError("\n".join(faults))


def _write(name: str, text: str) -> None:
    """Write a file for its owner alone, for rows and answers are in it."""
    if name != "-":
        os.close(opener(name, os.O_CREAT | os.O_WRONLY))
    with click.open_file(name, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def _seed_of(given: str) -> int:
    if given == "random":
        return secrets.randbelow(1_000_000)
    try:
        return int(given)
    except ValueError:
        raise click.BadParameter(f'"{given}" is neither a whole number nor random') from None


def _check_distinct(files: dict[str, Path | None]) -> None:
    """Raise click.UsageError where two formats would go to one file."""
    named = sorted((f"--{name.removesuffix('_file')}", file.resolve()) for name, file in files.items() if file)
    for (option, file), (other, same) in combinations(named, 2):
        if file == same:
            raise click.UsageError(f"{option} and {other} write the same file; give each its own")


def _progress() -> Progress:
    description, found = TextColumn("{task.description}"), TextColumn("{task.fields[found]}")
    columns = description, BarColumn(), MofNCompleteColumn(), found, TimeRemainingColumn()
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _run(
    path: Path,
    routes: tuple[str, ...],
    options: RunOptions,
    progress: Progress,
    own_store: str | None,
    *,
    resume: bool,
) -> tuple[Plan, Report]:
    """Plan and run; `own_store` is where a run of legacy against itself keeps what it finds, until it is shown."""
    bar = progress.add_task("reading both apps", total=None, found="")
    mismatched = 0

    def on_case(results: tuple[ParityResult, ...]) -> None:
        nonlocal mismatched
        mismatched += sum(result.outcome is Outcome.MISMATCHED for result in results)
        progress.update(bar, advance=1, found=f"{mismatched} mismatched" if mismatched else "")

    plan: Plan | None = None
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends a run as Ctrl-C does
    try:
        plan = plan_routes(path, routes, against_itself=own_store is not None)
        with Store.open(own_store or plan.map.replay.store, plan.root) as store:
            sources = Sources.of(plan.project, plan.routes)
            if resume and (earlier := store.interrupted_run(sources.whole)):
                options = replace(options, seed=earlier.seed, resumed=earlier.id)  # the same seed gives the same cases
            elif resume:
                click.echo(
                    "nothing to resume: no run was interrupted, or code, cases or [parity] have changed", err=True
                )
            progress.update(bar, description="writing cases")
            plan = with_cases(plan, generated=options.generated, seed=options.seed)
            progress.update(bar, description="parity", total=len(plan.cases), completed=0)
            report = run_parity(plan, store, options, sources.whole, on_case)
            if own_store is None:
                keep_evidence(report, plan.project, sources, store, generated=options.generated)
            return plan, report
    except KeyboardInterrupt:  # before the first case: there is nothing to show
        raise GatewayError("parity: interrupted before the first case") from None
    except ReplayError as error:
        if plan is not None and (plan.map.replay.environment or plan.map.replay.arguments):
            raise
        raise ReplayError(f"{error}\n{_NO_DATABASE}") from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(report: Report, plan: Plan) -> None:
    text = None if sys.stdout.isatty() else StringIO()
    width = None if text is None else _FILE_WIDTH
    out = Console(file=text, highlight=False, emoji=False, markup=False, width=width)
    for part in report_view(report):
        out.print(part)
    if not plan.cases:
        corpus = plan.root / plan.map.replay.corpus
        out.print(f"No case asks these routes: {corpus} has none, and none was generated (docs/parity.md, Corpus).")
    if plan.one_sided and plan.is_whole:
        out.print(f"Not compared, the new app does not have it yet: {shortened_list(plan.one_sided, 6)}", style="dim")
    if text is not None:
        click.echo("".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines()), nl=False)
