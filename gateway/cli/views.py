"""Show findings, routes and explanations on a terminal. Values in, rich renderables out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..apps.findings import Finding, Level
from ..apps.inventory import Implementation, Row
from ..routing.decision import RouteExplanation
from ..routing.route import Mode, Route, format_methods

_MODES = {"legacy": "yellow", "canary": "cyan", "new": "green"}
_LEVELS = {Level.ERROR: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold blue"}
MAX_ROUTES = 6
"""Routes that a finding names before it only counts the rest; `--json` has them all."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that never cuts a line when its output goes to a file or a pipe."""
    is_file = not (sys.stderr if stderr else sys.stdout).isatty()
    width = 10_000 if is_file else None
    return Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=is_file, width=width)


def routes_table(rows: Iterable[Row]) -> Table:
    """Return a table of every route with its mode and what each app has for it."""
    table = Table(
        "methods", "rule", "mode", "legacy has it", "new has it", box=None, header_style="dim", pad_edge=False
    )
    for row in sorted(rows, key=lambda row: row.key.partition("/")[2]):
        methods, _, rule = row.key.rpartition(" ") if row.key[0] != "/" else ("any", "", row.key)
        table.add_row(methods, escape(rule), mode_text(row.route), _has(row.legacy), _has(row.new))
    return table


def progress_line(rows: Iterable[Row]) -> Text:
    """Return `12 of 30 Flask routes are on the new side, 1 canary`."""
    flask = [row.route for row in rows if row.route and row.legacy.routes]
    modes = [route.mode for route in flask]
    parts = [f"{modes.count(Mode.NEW)} of {len(flask)} Flask routes are on the new side"]
    parts += [f"{canaries} canary"] if (canaries := modes.count(Mode.CANARY)) else []
    return Text(", ".join(parts), style="bold")


def mode_text(route: Route | None) -> Text:
    """Return the mode in its colour; a route that the map does not list has the default's, in brackets."""
    if route is None:
        return Text("not listed", style="dim")
    text = Text(route.mode.value, style=_MODES[route.mode.value])
    if route.mode is Mode.CANARY:
        text.append(f" {route.percent:g} %")
    return text if route.listed else Text(f"({route.mode.value})", style="dim")


def findings_view(findings: Iterable[Finding]) -> Iterator[RenderableType]:
    """Yield each finding as a short paragraph, in the order given."""
    for finding in findings:
        level = Text(finding.level.value, style=_LEVELS[finding.level])
        yield Text.assemble(level, f" [{finding.code}] ", (finding.subject, "bold"))
        yield Padding(Text(finding.message), (0, 0, 0, 4), expand=False)
        routes = [key for key in finding.routes if key != finding.subject]
        if routes:
            more = f", and {len(routes) - MAX_ROUTES} more" if len(routes) > MAX_ROUTES else ""
            yield Padding(Text(", ".join(routes[:MAX_ROUTES]) + more, style="dim"), (0, 0, 0, 4), expand=False)


def counts_line(findings: Iterable[Finding]) -> Text:
    """Return `2 errors, 1 warning, 3 notes`, or that nothing was found."""
    levels = [finding.level for finding in findings]
    counted = [f"{n} {level.value}{'s' if n > 1 else ''}" for level in Level if (n := levels.count(level))]
    return Text(", ".join(counted) or "nothing found: the map and both apps agree", style="bold")


def explanation_view(explanation: RouteExplanation, answer: str) -> Iterator[RenderableType]:
    """Yield the winner in a sentence, and the candidates in a table."""
    yield Text.assemble((f"{explanation.method} {explanation.path}", "bold"), " -> ", answer)
    if not explanation.candidates:
        yield Text("No rule of the map or of the Flask app takes this path.", style="dim")
        return
    table = Table("", "route", "mode", "from", "verdict", box=None, header_style="dim", pad_edge=False)
    for candidate in explanation.candidates:
        route = candidate.route
        mark, style = ("*", "bold") if route is explanation.match.route else ("", "")
        line = "" if route.source.line is None else f":{route.source.line}"
        origin = f"{route.source.path}{line}" if route.listed else "the Flask app, unlisted"
        table.add_row(mark, Text(route.key, style=style), mode_text(route), origin, escape(candidate.verdict))
    yield table


def _has(have: Implementation) -> Text:
    if not have.routes:
        return Text("-", style="dim")
    names = Text(", ".join(dict.fromkeys(route.name for route in have.routes)), overflow="fold")
    if have.missing:
        names.append(f" (not {','.join(format_methods(have.missing))})", style="red")
    return names
