"""The tables of the store. A change here is a new version of the schema: the steps in connecting.py lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Float, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import Enum, TypeDecorator

from ..comparing.result import Outcome


class _Utc(TypeDecorator[datetime]):
    """A column for aware times, kept as UTC: SQLite has no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


METADATA = MetaData()
_OUTCOME = Enum(Outcome, native_enum=False, length=20, values_callable=lambda kinds: [each.value for each in kinds])
_FINGERPRINTS = ("control", "candidate", "policy", "corpus", "control_name", "candidate_name")


def _required(kind: Any, *names: str) -> Iterator[Column[Any]]:
    yield from (Column(name, kind, nullable=False) for name in names)


VERSION = Table("gateway_version", METADATA, Column("version", Integer, nullable=False))

RUNS = Table(
    "gateway_runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ended", _Utc),
    Column("seed", String(40), nullable=False),
    Column("interrupted", Boolean, nullable=False),
    *_required(Text, *_FINGERPRINTS),
    *_required(Integer, "cases"),
)

RESULTS = Table(
    "gateway_results",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey(RUNS.c.id), nullable=False, index=True),
    *_required(Integer, "step"),
    *_required(_OUTCOME, "outcome"),
    *_required(Text, "case_name", "route", "note", "request", "verdicts"),
    *_required(LargeBinary, "request_body"),
    Column("control", Text),
    Column("control_body", LargeBinary),
    Column("control_seconds", Float),
    Column("candidate", Text),
    Column("candidate_body", LargeBinary),
    Column("candidate_seconds", Float),
)

EVIDENCE = Table(
    "gateway_evidence",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey(RUNS.c.id), nullable=False),
    Column("route", Text, nullable=False, index=True),
    *_required(_OUTCOME, "outcome"),
    *_required(Integer, "matched", "ignored", "mismatched", "inconclusive", "cases"),
    *_required(_Utc, "made"),
    *_required(Text, "note", *_FINGERPRINTS),
    Column("map_line", Text, nullable=False, server_default=""),
)

AUDIT = Table(
    "gateway_audit",
    METADATA,
    Column("id", Integer, primary_key=True),
    *_required(_Utc, "at"),
    *_required(String(20), "action"),
    *_required(Text, "who", "route", "before", "after", "reason"),
    *_required(Boolean, "forced"),
    Column("evidence", ForeignKey(EVIDENCE.c.id)),
)
