"""Flips of a route: planned, refused or applied, and kept in the audit. Every way to flip goes through here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..apps.findings import check, new_errors
from ..apps.project import Project, load_project
from ..config.edit import MapEdit, alone_with, edit_mode, write_map
from ..config.map_file import decode_map, parse_map, parse_route_key, read_map
from ..errors import Fault, MapError, StoreError
from ..evidence.current import evidence_status
from ..routing.route import Mode, Route, route_key
from ..store.store import AuditEntry, Store

AUDIT_SECONDS = 5
"""Time that a store which others are writing to is given."""


@dataclass(frozen=True, slots=True)
class FlipPlan:
    """One listed route before and after a flip that would hurt nobody, and what evidence it lacks."""

    project: Project
    """The project before the flip."""
    before: Route
    after: Route
    edit: MapEdit
    """The new text of the map, and the line that changes."""
    percent: float | None
    """As it was asked for; None leaves a canary's as it is."""
    missing_evidence: tuple[str, ...]
    """Why no fresh evidence supports the flip; empty where it is supported, or needs no support."""

    @property
    def changes(self) -> bool:
        """Whether the route is not already what it is to become."""
        return (self.before.mode, self.before.percent) != (self.after.mode, self.after.percent)

    @property
    def exposes(self) -> bool:
        """Whether more clients will see the new side's answers: `new` exposes more of them than any canary."""
        before, after = (
            ({Mode.NEW: 100.0, Mode.CANARY: route.percent}.get(route.mode, 0.0), route.mode is Mode.NEW)
            for route in (self.before, self.after)
        )
        return after > before


class Flips:
    """Flips in one map file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def plan(self, key: str, mode: Mode, percent: float | None = None) -> FlipPlan:
        """Return what moving a route to a mode would do. Nothing is changed.

        `percent` is for a canary that has none yet, or is to change. Raises MapError for a route that the map does not
        have and for a flip after which `gateway check` would find errors that it does not find now; ImportAppError,
        StoreError and CorpusError.
        """
        text = decode_map(read_map(self._path), self._path)
        edit = edit_mode(text, str(self._path), key, mode, percent)
        before = load_project(self._path)
        after = before.with_map(parse_map(edit.text, str(self._path)))
        key = route_key(*parse_route_key(key))
        harm = new_errors(check(before), check(after))
        if harm:
            texts = (one.message if one.subject in one.routes else f"{one.subject}: {one.message}" for one in harm)
            raise self._refusal(key, *(f"not flipped: {text}" for text in texts))
        was, will = (next(route for route in side.map.routes if route.key == key) for side in (before, after))
        plan = FlipPlan(before, was, will, edit, percent, ())
        row = next(row for row in after.rows if row.key == key)
        if not plan.exposes or not row.legacy.routes:
            return plan
        status = evidence_status(after, [key])
        missing = ("no parity run has covered it",) if key in status.uncovered else status.stale.get(key, ())
        return replace(plan, missing_evidence=missing)

    def apply(self, plan: FlipPlan, *, who: str, reason: str = "", forced: bool = False) -> StoreError | None:
        """Write the map and the audit, both or neither, into what the file holds now: others may flip meanwhile.

        A way back is open even while the audit is not: a flip that exposes nobody is written at once, and the audit's
        failure is returned. Raises MapError where evidence is missing and the flip is not `forced`, and where somebody
        has changed the route's line since it was planned; StoreError.
        """
        key = plan.after.key
        if plan.missing_evidence and not forced:
            ways = f'gateway parity "{key}" replays it on both sides; --force --reason "..." flips it all the same'
            raise self._refusal(key, *(f"not flipped: {why}" for why in plan.missing_evidence), ways)
        entry = AuditEntry(
            at=datetime.now(UTC),
            who=who,
            route=key,
            before=_mode_text(plan.before),
            after=_mode_text(plan.after),
            reason=reason,
            forced=bool(plan.missing_evidence),
        )
        with alone_with(self._path):
            text = decode_map(read_map(self._path), self._path)
            edit = edit_mode(text, str(self._path), key, plan.after.mode, plan.percent)
            if edit.before != plan.edit.before:
                raise self._refusal(key, f"not flipped: its line has become `{edit.before}`; look at it and flip again")
            if edit.text != plan.edit.text:
                plan.project.with_map(parse_map(edit.text, str(self._path)))
            if not plan.exposes:
                write_map(self._path, edit.text)
            try:
                with Store.open(plan.project.map.replay.store, plan.project.root, busy_seconds=AUDIT_SECONDS) as store:
                    evidence = store.evidence_for([key]).get(key)
                    with store.auditing(replace(entry, evidence=evidence.id if evidence else None)):
                        if plan.exposes:
                            write_map(self._path, edit.text)
            except StoreError as error:
                if not plan.exposes:
                    return error
                if read_map(self._path) != text.encode("utf-8"):  # the audit has failed in its last moment
                    write_map(self._path, text)
                raise
        return None

    def _refusal(self, key: str, *messages: str) -> MapError:
        return MapError(tuple(Fault(str(self._path), None, f'routes."{key}"', message) for message in messages))


def _mode_text(route: Route) -> str:
    return f"canary {route.percent:g} %" if route.mode is Mode.CANARY else route.mode.value
