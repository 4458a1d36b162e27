"""Show a parity run on a terminal. Values in, rich renderables out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..comparing.result import Disposition, Outcome
from ..parity.reporting.difference_classes import DifferenceClass, classify_differences
from ..parity.reporting.report import Report, format_defect_rate, format_request, visible
from ..parity.reporting.side_by_side import Piece, side_by_side
from ..parity.summary import RouteSummary, defect_rate_text

_OUTCOMES = {
    Outcome.MATCHED: "green",
    Outcome.IGNORED: "blue",
    Outcome.MISMATCHED: "bold red",
    Outcome.INCONCLUSIVE: "yellow",
}
_MAX_CLASSES = 10
_MAX_LINES = 30
_MAX_LOCATIONS = 5
_MAX_VALUE_CHARS = 120
_NO_ROUTE = "(no route: the default answers)"


def report_view(report: Report) -> Iterator[RenderableType]:
    """Yield what makes the run useless, the routes in a table, what differs, a class at a time, then the outcome."""
    if report.alarm:
        yield _text(f"{report.alarm}\n", "bold red")
    yield routes_table(report.summaries)
    mismatched = (result for result in report.results if result.outcome is Outcome.MISMATCHED)
    # Classes without a known cause that one request shows are one block: a wrong status changes the body too. What is
    # left over and counted as one is of several routes, and so a block of its own.
    by_request: dict[object, list[DifferenceClass]] = {}
    for one in classify_differences(mismatched, report.generated):
        if one.disposition is Disposition.MISMATCH:
            by_request.setdefault(one.cause or (one.routes, one.sample.case, one.sample.step), []).append(one)
    blocks = list(by_request.values())
    for block in blocks[:_MAX_CLASSES]:
        yield Text()
        yield from _block_view(block, report)
    if len(blocks) > _MAX_CLASSES:
        yield Text(f"\nand {len(blocks) - _MAX_CLASSES} more, of which --html FILE shows all", style="dim")
    yield Text()
    yield from (_text(complaint, "red") for complaint in report.complaints)
    yield outcome_line(report)
    yield from (_text(note, "dim") for note in report.notes)


def routes_table(summaries: tuple[RouteSummary, ...]) -> Table:
    """Return a table with a line for each route, in the order given."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("route", "outcome"):
        table.add_column(heading)
    for heading in ("requests", "ignored", "mismatched"):
        table.add_column(heading, justify="right")
    table.add_column("would show a defect in")
    for one in summaries:
        seen = _text(one.note, "dim") if one.note else Text(format_defect_rate(one.clean))
        outcome = Text(one.outcome.value, style=_OUTCOMES[one.outcome])
        counts = (f"{count or '-'}" for count in (one.requests, one.ignored, one.mismatched))
        table.add_row(_text(one.route or _NO_ROUTE), outcome, *counts, seen)
    return table


def outcome_line(report: Report) -> Text:
    """Return the run in a sentence."""
    counted = ", ".join(f"{count} {outcome.value}" for outcome, count in report.counts if count)
    text = Text.assemble(
        (report.outcome.value, _OUTCOMES[report.outcome]),
        f": {counted or 'nothing was compared'} ({report.cases} {'case' if report.cases == 1 else 'cases'}, "
        f"seed {report.seed}). ",
    )
    if report.was_interrupted:
        text.append("Interrupted; --resume goes on. ", style="yellow")
    return text.append(defect_rate_text(report.clean), style="dim")


def _block_view(block: list[DifferenceClass], report: Report) -> Iterator[RenderableType]:
    first = block[0]
    sample, cause = first.sample, report.causes.get(first.cause)
    locations = shortened_list([location for one in block for location in one.locations], 4)
    times, routes = max(one.count for one in block), shortened_list([route or _NO_ROUTE for route in first.routes], 3)
    if cause is None:
        yield _text(f"{routes}: {locations}: no known cause", "bold")
        yield _indented(_text(f"{times} in all"))
    else:
        yield _text(f"{cause.title} [{first.cause}]", "bold")
        yield _indented(_text(f"fix: {cause.advice}", "italic"))
        yield _indented(_text(f"{locations}, {times} in all, on {routes}"))
    yield _indented(_text(f"as in {sample.case}{f', request {sample.step + 1}' if sample.step else ''}:", "dim"))
    if origin := report.origins.get(sample.case):
        yield _indented(_text(f"origin: {origin}", "dim"))
    yield _indented(_text(format_request(sample.request), "dim"))
    for difference in (one.verdict.difference for one in block[:_MAX_LOCATIONS]):
        control, candidate = (
            "(absent)" if value is None else shorten(visible(value), _MAX_VALUE_CHARS, placeholder="...")
            for value in (difference.control, difference.candidate)
        )
        where = visible(f"{difference.where}: ")
        yield _indented(Text.assemble(where, (control, "red"), " -> ", (candidate, "green")))
    table = Table("legacy", "new", box=None, header_style="dim", pad_edge=False, expand=True)
    lines = side_by_side(sample.control, sample.candidate)
    for line in lines[:_MAX_LINES]:
        style = ("red", "green") if line.differs else ("", "")
        table.add_row(_pieces(line.control, style[0]), _pieces(line.candidate, style[1]))
    if len(lines) > _MAX_LINES:
        table.add_row(Text(f"... {len(lines) - _MAX_LINES} more lines", style="dim"), "")
    yield _indented(Stack(table))


def shortened_list(texts: Sequence[str], most: int) -> str:
    """Return `a, b and 3 more`: at most `most` of the texts."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _pieces(pieces: tuple[Piece, ...] | None, style: str) -> Text:
    text = Text(overflow="fold")
    for piece, marked in pieces or ():
        text.append(piece, f"{style} reverse" if marked and style else style)
    return text


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 4), expand=False)
