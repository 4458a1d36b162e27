"""Find what is wrong between the map and the two apps. Pure: an inventory and a table in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ..config.map_file import MigrationMap
from ..errors import suggest
from ..routing.inventory import AppRoute, Hook, Inventory
from ..routing.route import RESERVED_PREFIX, Backend, is_reserved
from .inventory import Row, hooks_around
from .project import Project


class Level(Enum):
    """Tell how bad it is: an error would hurt clients; a warning is likely a mistake; a note is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at, with what to do about it."""

    level: Level
    code: str
    subject: str
    """The route or hook that it is about."""
    message: str
    routes: tuple[str, ...] = ()
    """The keys of the routes that it touches."""


@dataclass(frozen=True, slots=True)
class EvidenceStatus:
    """Hold what parity runs have shown of the routes that are flipped."""

    stale: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Route key -> why its evidence does not say that both sides match; routes with fresh evidence are not here."""
    uncovered: tuple[str, ...] = ()
    """Keys of routes that no run has compared."""
    has_begun: bool = True
    """Whether the team replays at all: there is a store, or the map has settings for it."""


def check(project: Project, evidence: EvidenceStatus | None = None) -> tuple[Finding, ...]:
    """Return every finding, the worst first; those about evidence only where its status is given."""
    rows, inventory, map_ = project.rows, project.inventory, project.map
    found = [
        *_below_the_gateways_prefix(inventory),
        *_of_neither_app(rows, inventory),
        *_not_implemented(rows),
        *_lost_hooks(rows, inventory.hooks, map_),
        *_without_evidence(evidence or EvidenceStatus()),
        *_hidden(inventory),
        *_of_many(rows, inventory.new),
    ]
    return tuple(sorted(found, key=lambda finding: list(Level).index(finding.level)))


def new_errors(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the errors in `after` that are not in `before`, compared by code, subject and route."""
    known = {error for finding in before for error in _errors(finding)}
    return tuple(finding for finding in after if not known.issuperset(_errors(finding)))


def _errors(finding: Finding) -> Iterator[tuple[str, str, str]]:
    if finding.level is Level.ERROR:
        for route in finding.routes or ("",):
            yield finding.code, finding.subject, route


def _below_the_gateways_prefix(inventory: Inventory) -> Iterator[Finding]:
    for side, routes in (("Flask", inventory.legacy), ("the new side", inventory.new)):
        for route in routes:
            if is_reserved(route.rule):
                message = (
                    f'{side}\'s, but the gateway answers below "{RESERVED_PREFIX}" by itself; give it another path'
                )
                yield Finding(Level.ERROR, "reserved-prefix", route.key, message, (route.key,))


def _of_neither_app(rows: Iterable[Row], inventory: Inventory) -> Iterator[Finding]:
    known = [have.key for have in (*inventory.legacy, *inventory.new)]
    for row in rows:
        if row.route and row.route.listed and not row.legacy.routes and not row.new.routes:
            message = f"neither app has this route{suggest(row.key, known)}"
            yield Finding(Level.ERROR, "unknown-route", row.key, message, (row.key,))


def _not_implemented(rows: Iterable[Row]) -> Iterator[Finding]:
    for row in rows:
        if row.route is None or not row.route.listed or not (row.legacy.routes or row.new.routes):
            continue
        for backend, have in ((Backend.LEGACY, row.legacy), (Backend.NEW, row.new)):
            if backend not in row.route.mode.backends or (have.routes and not have.missing):
                continue
            what = f"does not take {','.join(have.missing)}" if have.routes else "has no such route"
            is_kept = backend is Backend.NEW and row.legacy.routes and not have.routes
            then = "Flask would go on answering" if is_kept else "clients would get its error"
            message = f'mode "{row.route.mode.value}", but the {backend.value} app {what}: {then}'
            yield Finding(Level.ERROR, "not-implemented", row.key, message, (row.key,))


def _lost_hooks(rows: Iterable[Row], hooks: Iterable[Hook], map_: MigrationMap) -> Iterator[Finding]:
    """Yield the hooks that flipped routes lose; one that may refuse a request is an error until the map covers it."""
    covered = dict(map_.hooks)
    lost: dict[Hook, list[str]] = {}
    for row in rows:
        if row.is_flipped:
            endpoints = [have.name for have in row.legacy.routes]
            for hook in dict.fromkeys(hook for name in endpoints for hook in hooks_around(hooks, name)):
                lost.setdefault(hook, []).append(row.key)
    for hook, keys in lost.items():
        if hook.name in covered:
            continue
        refuses = hook.kind in ("before_request", "wsgi middleware")
        message = f"{hook.kind} does not run on the new side; say under [hooks] what replaces it"
        level = Level.ERROR if refuses else Level.WARNING
        yield Finding(level, "lost-hook", hook.name, message, tuple(dict.fromkeys(keys)))
    known = {hook.name for hook in hooks}
    for name in covered:
        if name not in known:
            message = f"listed under [hooks] of {map_.path}, but the Flask app has no such hook{suggest(name, known)}"
            yield Finding(Level.WARNING, "unknown-hook", name, message)


def _without_evidence(evidence: EvidenceStatus) -> Iterator[Finding]:
    for key, reasons in evidence.stale.items():
        yield Finding(Level.WARNING, "stale-evidence", key, f"flipped, but {'; '.join(reasons)}", (key,))
    if evidence.uncovered:
        message = "flipped, but no parity run has compared both sides: `gateway parity` does"
        level = Level.WARNING if evidence.has_begun else Level.NOTE
        yield Finding(level, "no-evidence", _count(evidence.uncovered), message, evidence.uncovered)


def _hidden(inventory: Inventory) -> Iterator[Finding]:
    for side, routes in (("Flask", inventory.legacy), ("the new side", inventory.new)):
        for route in routes:
            if route.hidden_by is not None:
                message = f'never runs: {side} has "{route.hidden_by}" before it, which takes its requests'
                # What Flask never runs it never ran: that is no mistake of the map.
                level = Level.NOTE if routes is inventory.legacy else Level.WARNING
                yield Finding(level, "hidden-route", route.key, message, (route.key,))


def _of_many(rows: Sequence[Row], new: Iterable[AppRoute]) -> Iterator[Finding]:
    """Yield what is as a rule so of many routes, one finding for all of them."""

    def lacks_head(row: Row) -> bool:
        return any(have.methods and "GET" in have.methods and "HEAD" not in have.methods for have in row.new.routes)

    unlisted_new = (row.new.routes[0] for row in rows if row.route is None)
    unreached = [have.key for have in unlisted_new if not (have.is_documentation or have.host)]
    by_host = [have.key for have in new if have.host and not have.is_documentation]
    headless = [row.key for row in rows if row.is_flipped and row.legacy.routes and lacks_head(row)]
    unlisted = [row.key for row in rows if row.route is not None and not row.route.listed]
    unreached_text = "the new side has them, but the map does not list them, so the default answers"
    by_host_text = "the new side has them for one host, and no line tells hosts apart, so the default answers"
    headless_text = "flipped, but HEAD stays with Flask: the new side lacks it; `@app.head` beside `@app.get` has it"
    unlisted_text = "Flask has them and the map does not list them, so the default answers"
    for level, code, keys, message in (
        (Level.WARNING, "unlisted-new", unreached, unreached_text),
        (Level.WARNING, "new-by-host", by_host, by_host_text),
        (Level.NOTE, "no-head", headless, headless_text),
        (Level.NOTE, "unlisted-legacy", unlisted, unlisted_text),
    ):
        if keys:
            yield Finding(level, code, _count(keys), message, tuple(keys))


def _count(keys: Sequence[str]) -> str:
    return "1 route" if len(keys) == 1 else f"{len(keys)} routes"
