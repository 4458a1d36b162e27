"""The tables of the store. A change here is a new version of the schema: the steps in connecting.py lead to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Float, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class _Utc(TypeDecorator[datetime]):
    """A column for aware times, kept as UTC: SQLite has no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


METADATA = MetaData()


def _fingerprints() -> tuple[Column[Any], ...]:
    names = ("control", "candidate", "policy", "corpus", "control_name", "candidate_name")
    return (*(Column(name, Text, nullable=False) for name in names), Column("cases", Integer, nullable=False))


VERSION = Table("gateway_version", METADATA, Column("version", Integer, nullable=False))

RUNS = Table(
    "gateway_runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("began", _Utc, nullable=False),
    Column("ended", _Utc),
    Column("seed", String(40), nullable=False),
    Column("outcome", String(20)),
    Column("interrupted", Boolean, nullable=False),
    *_fingerprints(),
)

RESULTS = Table(
    "gateway_results",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey(RUNS.c.id), nullable=False, index=True),
    Column("case_name", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("route", Text, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("request_body", LargeBinary, nullable=False),
    Column("control", Text),
    Column("control_body", LargeBinary),
    Column("control_seconds", Float),
    Column("candidate", Text),
    Column("candidate_body", LargeBinary),
    Column("candidate_seconds", Float),
    Column("verdicts", Text, nullable=False),
)

EVIDENCE = Table(
    "gateway_evidence",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey(RUNS.c.id), nullable=False),
    Column("route", Text, nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("matched", Integer, nullable=False),
    Column("ignored", Integer, nullable=False),
    Column("mismatched", Integer, nullable=False),
    Column("inconclusive", Integer, nullable=False),
    Column("defect_rate_bound", Float, nullable=False),
    Column("note", Text, nullable=False),
    Column("made", _Utc, nullable=False),
    Column("map_line", Text, nullable=False, server_default=""),
    *_fingerprints(),
)

AUDIT = Table(
    "gateway_audit",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", _Utc, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String(20), nullable=False),
    Column("route", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("evidence", ForeignKey(EVIDENCE.c.id)),
)
