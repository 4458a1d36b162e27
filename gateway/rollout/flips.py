"""A flip that would harm clients, or that no fresh evidence supports, is refused; every flip that is done is kept."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..apps.findings import EvidenceStatus, Finding, Row, check, list_rows, new_errors
from ..apps.inventory import take_inventory
from ..comparing.policy import ComparisonPolicy
from ..config.replay_settings import ReplaySettings
from ..errors import Fault, MapError
from ..evidence.current import Sides, Sources
from ..evidence.staleness import NEVER_COVERED, missing_or_stale, suggest_parity_run
from ..routing.route import Mode, Route
from ..serving.gateway import Gateway
from ..store.store import AuditEntry, Store


@dataclass(frozen=True, slots=True)
class Move:
    """One listed route before and after a flip."""

    key: str
    before: Gateway
    after: Gateway

    @property
    def exposes(self) -> bool:
        """Whether more clients will see the new side's answers."""
        return _exposure(_listed(self.after, self.key)) > _exposure(_listed(self.before, self.key))


def findings(gateway: Gateway) -> tuple[Finding, ...]:
    """What `gateway check` finds, evidence of flipped routes included. Raises StoreError, CorpusError."""
    flipped = [row.key for row in _rows(gateway) if row.is_flipped and row.legacy.routes]
    return _check(gateway, standing_of(gateway, flipped))


def standing_of(gateway: Gateway, keys: Iterable[str]) -> EvidenceStatus:
    """What fresh evidence these routes, which both apps have, lack. Raises StoreError, CorpusError."""
    routes = tuple(keys)
    live, root = gateway.live, _root(gateway)
    store = Store.find(live.map.replay.store, root)
    if store is None:
        untouched = ComparisonPolicy(), ReplaySettings()
        return EvidenceStatus(uncovered=routes, has_begun=(live.map.comparison, live.map.replay) != untouched)
    with store:
        evidence = store.evidence_for(routes)
    covered = tuple(key for key in routes if key in evidence)
    now = Sources.of(Sides(live.map, root, gateway.legacy, gateway.new, live.table, covered))
    reasons = {key: missing_or_stale(evidence[key], now.of_route(key)) for key in covered}
    uncovered = tuple(key for key in routes if key not in evidence)
    return EvidenceStatus({key: told for key, told in reasons.items() if told}, uncovered)


def refuse_harm(move: Move) -> None:
    """Raises MapError when `gateway check` would find errors after the flip that it does not find now."""
    harm = new_errors(_check(move.before), _check(move.after))
    if harm:
        raise _refusal(move, [f"not flipped: {_told(finding)}" for finding in harm])


def what_lacks(move: Move) -> tuple[str, ...]:
    """Why no evidence supports a move; empty where it is supported, or needs no support: it exposes nobody to the new
    side, or the route was never Flask's."""
    row = next(row for row in _rows(move.after) if row.key == move.key)
    if not move.exposes or not row.legacy.routes:
        return ()
    standing = standing_of(move.after, [move.key])
    return NEVER_COVERED if move.key in standing.uncovered else standing.stale.get(move.key, ())


def refuse_unsupported(move: Move, lacking: Iterable[str]) -> None:
    """Raises MapError that says what is lacking and both ways on."""
    ways = f'{suggest_parity_run(move.key)} replays it on both sides; --force --reason "..." flips it all the same'
    raise _refusal(move, [*(f"not flipped: {reason}" for reason in lacking), ways])


@contextmanager
def audited(move: Move, reason: str, *, forced: bool) -> Iterator[None]:
    """While the map is written: the flip is in the audit if that succeeds. Raises StoreError."""
    with Store.open(move.before.live.map.replay.store, _root(move.before)) as store:
        evidence = store.evidence_for([move.key]).get(move.key)
        before, after = (_told_mode(_listed(gateway, move.key)) for gateway in (move.before, move.after))
        now, identity = datetime.now(UTC), evidence.id if evidence else None
        with store.auditing(AuditEntry(now, _who(), "flip", move.key, before, after, reason, forced, identity)):
            yield


def _rows(gateway: Gateway) -> tuple[Row, ...]:
    return list_rows(gateway.live.table, take_inventory(gateway.legacy, gateway.new))


def _check(gateway: Gateway, standing: EvidenceStatus | None = None) -> tuple[Finding, ...]:
    live = gateway.live
    return check(live.map, live.table, take_inventory(gateway.legacy, gateway.new), standing)


def _root(gateway: Gateway) -> Path:
    return Path(gateway.live.map.path).parent


def _listed(gateway: Gateway, key: str) -> Route:
    return next(route for route in gateway.live.map.routes if route.key == key)


def _exposure(route: Route) -> tuple[float, bool]:
    """Percent of clients; `new` is more than any canary, for nobody is left on the other side."""
    percent = {Mode.NEW: 100.0, Mode.CANARY: route.percent}.get(route.mode, 0.0)
    return percent, route.mode is Mode.NEW


def _told_mode(route: Route) -> str:
    return f"canary {route.percent:g} %" if route.mode is Mode.CANARY else route.mode.value


def _refusal(move: Move, messages: Iterable[str]) -> MapError:
    path = move.after.live.map.path
    return MapError(tuple(Fault(path, None, f'routes."{move.key}"', message) for message in messages))


def _told(finding: Finding) -> str:
    about = "" if finding.subject in finding.routes else f"{finding.subject}: "
    return about + finding.message


def _who() -> str:
    """The user of the operating system; its number where it has no name, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
