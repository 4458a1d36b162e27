"""Keep runs, results, evidence and the audit in SQL: a SQLite file or PostgreSQL. Values in, values out.

Several processes may use one store. Every failure of the database is a StoreError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.engine import Row

from ..comparing.result import Disposition, Outcome, ParityResult, RouteOutcome
from .connecting import BUSY_SECONDS, is_file, make_directory, migrate, open_engine, parse_url, store_errors, version_of
from .rows import columns_of, result_of
from .schema import AUDIT, EVIDENCE, RESULTS, RUNS

KEPT_RUNS = 20
"""Runs whose results stay; of older ones only the verdicts do."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Everything that a verdict on one route, or on a whole run, depends on. Equal values: nothing has changed."""

    control: str
    """Digest of the legacy side's code."""
    candidate: str
    """Digest of the new side's code."""
    policy: str
    """Digest of the settings and rules (`evidence.current.policy_fingerprint`)."""
    corpus: str
    """Digest of the cases (`evidence.current.corpus_fingerprint`)."""
    cases: int = 0
    """How many cases the corpus had."""
    control_name: str = ""
    """A person's name for the legacy handler: `todos.list_todos`."""
    candidate_name: str = ""
    """A person's name for the new handler: `new.todos:list_todos`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(RouteOutcome):
    """A run's verdict on one route, bound to what it was made of."""

    fingerprints: Fingerprints
    made: datetime
    """Aware, UTC."""
    run: int
    map_line: str = ""
    """The map's word on the route at the time: `"GET /todos" = "legacy"`. Empty in evidence of a version-1 store."""
    id: int = 0
    """The row's id in the store; 0 before the evidence is kept."""


_EVIDENCE_COLUMNS = tuple(each.name for each in fields(Evidence) if each.name not in ("fingerprints", "id"))
"""The columns whose values are the fields of Evidence as they are."""


@dataclass(frozen=True, slots=True)
class Run:
    """A parity run that can go on."""

    id: int
    seed: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One flip: who moved which route, and on what evidence."""

    at: datetime
    """Aware; comes back as UTC."""
    who: str
    """The user of the operating system."""
    route: str
    before: str
    """`legacy`, `canary 10 %` or `new`."""
    after: str
    reason: str = ""
    forced: bool = False
    """Whether the flip was done without fresh matching evidence."""
    evidence: int | None = None
    """Id of the route's newest evidence at that time, fresh or not."""


class Store:
    """An open store. `Store.open` makes one, `Store.find` only looks."""

    def __init__(self, engine: Engine) -> None:
        """Take an engine whose database has the schema of this version: use `open` or `find`."""
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    @classmethod
    def open(cls, url: str, root: Path = Path(), *, busy_seconds: int = BUSY_SECONDS) -> Store:
        """Open the store at a SQLAlchemy URL, made or brought to this version; a relative SQLite path starts at `root`.

        A SQLite file that another process writes to is waited for, for `busy_seconds`.

        Raises StoreError when the store cannot be reached, or is of a newer gateway.
        """
        parsed = parse_url(url, root)
        make_directory(parsed)
        store = cls(open_engine(parsed, busy_seconds))
        try:
            with store._writing() as connection:
                migrate(connection, parsed)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def find(cls, url: str, root: Path = Path()) -> Store | None:
        """Open the store at a URL; None where nobody has made one. Makes nothing; raises StoreError as `open` does."""
        parsed = parse_url(url, root)
        if is_file(parsed) and not Path(parsed.database or "").exists():
            return None
        with cls(open_engine(parsed)) as store, store_errors(parsed), store._engine.connect() as connection:
            is_there = version_of(connection) > 0
        return cls.open(url, root) if is_there else None

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def begin_run(self, seed: int, fingerprints: Fingerprints) -> int:
        """Return the id of a new run. Removes the results of the runs before the last KEPT_RUNS."""
        values = {**asdict(fingerprints), "seed": str(seed), "interrupted": False}
        with self._writing() as connection:
            run: int = connection.execute(insert(RUNS).values(values).returning(RUNS.c.id)).scalar_one()
            connection.execute(delete(RESULTS).where(RESULTS.c.run <= run - KEPT_RUNS))
        return run

    def add_results(self, run: int, results: Iterable[ParityResult]) -> None:
        """Keep results, all or none; heads and bodies up to a bound, effects only as their differences."""
        rows = [columns_of(run, result) for result in results]
        if rows:
            with self._writing() as connection:
                connection.execute(insert(RESULTS), rows)

    def end_run(self, run: int, ended: datetime, *, interrupted: bool = False) -> None:
        """Note that the run is over, or was told to stop."""
        with self._writing() as connection:
            ending = update(RUNS).where(RUNS.c.id == run)
            connection.execute(ending.values(ended=ended, interrupted=interrupted))

    def resume_run(self, run: int) -> None:
        """Note that the run goes on: it has not ended."""
        with self._writing() as connection:
            connection.execute(update(RUNS).where(RUNS.c.id == run).values(ended=None, interrupted=False))

    def results_of(self, run: int) -> tuple[ParityResult, ...]:
        """Return what the run has found so far, in the order in which it came."""
        rows = self._read(select(RESULTS).where(RESULTS.c.run == run).order_by(RESULTS.c.id))
        return tuple(result_of(row) for row in rows)

    def ignored_results(self) -> tuple[ParityResult, ...]:
        """Return the results that differ on purpose somewhere, of the newest run that came to its end."""
        ended = select(func.max(RUNS.c.id)).where(RUNS.c.ended.is_not(None), RUNS.c.interrupted.is_(False))
        is_of_run = RESULTS.c.run == ended.scalar_subquery()
        differing = RESULTS.c.outcome.in_([Outcome.IGNORED, Outcome.MISMATCHED])
        rows = self._read(select(RESULTS).where(is_of_run, differing).order_by(RESULTS.c.id))
        return tuple(
            result
            for result in map(result_of, rows)
            if any(verdict.disposition is Disposition.IGNORED for verdict in result.verdicts)
        )

    def interrupted_run(self, fingerprints: Fingerprints) -> Run | None:
        """Return the newest run, if it was of just this code, policy and corpus and did not come to its end.

        One that still runs in another process looks like one that was killed.
        """
        for row in self._read(select(RUNS).order_by(RUNS.c.id.desc()).limit(1)):
            if _fingerprints(row) == fingerprints and (row.interrupted or row.ended is None):
                return Run(row.id, int(row.seed))
        return None

    def put_evidence(self, evidence: Iterable[Evidence]) -> None:
        """Keep verdicts; each takes the place of what its route had."""
        rows = [{name: getattr(one, name) for name in _EVIDENCE_COLUMNS} | asdict(one.fingerprints) for one in evidence]
        if rows:
            with self._writing() as connection:
                connection.execute(insert(EVIDENCE), rows)

    def evidence_for(self, routes: Sequence[str]) -> dict[str, Evidence]:
        """Return the newest evidence of each route that has some."""
        newest = select(func.max(EVIDENCE.c.id)).where(EVIDENCE.c.route.in_(routes)).group_by(EVIDENCE.c.route)
        rows = self._read(select(EVIDENCE).where(EVIDENCE.c.id.in_(newest)))
        return {
            row.route: Evidence(
                **{name: getattr(row, name) for name in _EVIDENCE_COLUMNS}, fingerprints=_fingerprints(row), id=row.id
            )
            for row in rows
        }

    @contextmanager
    def auditing(self, entry: AuditEntry) -> Iterator[None]:
        """Keep an entry if what is done meanwhile succeeds; there is no way to change or remove one."""
        with self._writing() as connection:
            connection.execute(insert(AUDIT).values(**asdict(entry), action="flip"))
            yield

    def audit(self, route: str | None = None) -> tuple[AuditEntry, ...]:
        """Return every entry, or those of one route, the oldest first."""
        query = select(AUDIT).order_by(AUDIT.c.id)
        rows = self._read(query if route is None else query.where(AUDIT.c.route == route))
        return tuple(AuditEntry(*(getattr(row, name) for name in AuditEntry.__slots__)) for row in rows)

    def _read(self, query: Any) -> Sequence[Row[Any]]:
        with store_errors(self._engine.url), self._engine.connect() as connection:
            return connection.execute(query).all()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with store_errors(self._engine.url), self._writer.begin() as connection:
            yield connection


def _fingerprints(row: Row[Any]) -> Fingerprints:
    return Fingerprints(**{column: getattr(row, column) for column in Fingerprints.__slots__})
