"""How a parity run looks on a terminal. Values in, rich renderables out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .parity.grouping import Group, group_differences
from .parity.report import Report, request_text
from .parity.result import Fate, Outcome
from .parity.side_by_side import Piece, side_by_side
from .parity.summary import RouteSummary, power, power_text

_OUTCOMES = {
    Outcome.MATCHED: "green",
    Outcome.IGNORED: "blue",
    Outcome.MISMATCHED: "bold red",
    Outcome.INCONCLUSIVE: "yellow",
}
_MOST_CLASSES = 10
_MOST_LINES = 30
_NO_ROUTE = "(no route: the default answers)"


def report_view(report: Report) -> Iterator[RenderableType]:
    """Routes in a table, then what differs, a class at a time, then the outcome."""
    yield routes_table(report.summaries)
    groups = [group for group in group_differences(report.results) if group.fate is Fate.MISMATCH]
    for group in groups[:_MOST_CLASSES]:
        yield Text()
        yield from _group_view(group, report)
    if len(groups) > _MOST_CLASSES:
        yield Text(f"\n{len(groups) - _MOST_CLASSES} more classes of difference: --html FILE shows them", style="dim")
    yield Text()
    yield from (Text(complaint, style="red") for complaint in report.complaints)
    yield outcome_line(report)


def routes_table(summaries: tuple[RouteSummary, ...]) -> Table:
    """One line a route, the worst first."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("route", "outcome"):
        table.add_column(heading)
    for heading in ("requests", "ignored", "mismatched", "a defect seen in"):
        table.add_column(heading, justify="right")
    for one in summaries:
        seen = Text(one.note, style="dim") if one.note else Text(f"{power(one.clean):.1%}".replace("%", " %"))
        outcome = Text(one.outcome.value, style=_OUTCOMES[one.outcome])
        counts = (f"{count or '-'}" for count in (one.requests, one.ignored, one.mismatched))
        table.add_row(Text(one.route or _NO_ROUTE), outcome, *counts, seen)
    return table


def outcome_line(report: Report) -> Text:
    """The run in a sentence."""
    counted = ", ".join(f"{count} {outcome.value}" for outcome, count in report.counts if count)
    text = Text.assemble(
        (report.outcome.value, _OUTCOMES[report.outcome]),
        f": {counted or 'nothing was compared'} ({report.cases} cases, {report.seconds:.1f} s, seed {report.seed}). ",
    )
    if report.was_interrupted:
        text.append("Interrupted; --resume goes on. ", style="yellow")
    return text.append(power_text(report.clean), style="dim")


def _group_view(group: Group, report: Report) -> Iterator[RenderableType]:
    found, sample, cause = group.verdict.difference, group.sample, report.causes.get(group.cause)
    places = shortened_list(group.places, 4)
    yield Text(cause.title if cause is not None else places, style="bold")
    if cause is not None:
        yield _indented(Text(cause.advice, style="italic"))
        yield _indented(Text(places))
    yield _indented(Text(f"{group.count} on {shortened_list([route or _NO_ROUTE for route in group.routes], 3)}"))
    yield _indented(Text(f"as in {sample.case}{f', request {sample.step + 1}' if sample.step else ''}:", style="dim"))
    yield _indented(Text(request_text(sample.request), style="dim"))
    values = [_shortened(value) for value in (found.control, found.candidate)]
    yield _indented(Text.assemble(f"{found.where}: ", (values[0], "red"), " -> ", (values[1], "green")))
    yield _indented(Stack(_side_by_side(group)))


def shortened_list(texts: Sequence[str], most: int) -> str:
    """`a, b and 3 more`."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _side_by_side(group: Group) -> Table:
    table = Table("legacy", "new", box=None, header_style="dim", pad_edge=False, expand=True)
    lines = side_by_side(group.sample.control, group.sample.candidate)
    for line in lines[:_MOST_LINES]:
        style = ("red", "green") if line.differs else ("", "")
        table.add_row(_pieces(line.control, style[0]), _pieces(line.candidate, style[1]))
    if len(lines) > _MOST_LINES:
        table.add_row(Text(f"... {len(lines) - _MOST_LINES} more lines", style="dim"), "")
    return table


def _pieces(pieces: tuple[Piece, ...] | None, style: str) -> Text:
    text = Text(overflow="fold")
    for piece, marked in pieces or ():
        text.append(piece, f"{style} reverse" if marked and style else style)
    return text


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 4), expand=False)


def _shortened(value: str | None) -> str:
    if value is None:
        return "(absent)"
    return value if len(value) <= 200 else f"{value[:200]}..."
