"""A ParityResult as a row of the store, and back. Pure. ASCII text and bytes only, so that any database takes them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.engine import Row

from ..comparing.observation import Observation
from ..comparing.result import Difference, Disposition, ParityResult, Verdict
from ..http.message import Headers, Request, Response

MAX_BODY_BYTES = 65_536
"""Bytes of one body that are kept; an answer that had more `is_cut`."""
MAX_HEAD_BYTES = 16_384
"""Bytes of one head that are kept, in whole fields."""


def columns_of(run: int, result: ParityResult) -> dict[str, Any]:
    """Return the row of a result; what is beyond a bound is left out, and effects, whose differences are verdicts."""
    request = result.request
    verdicts = [
        (found.where, found.control, found.candidate, verdict.disposition.value, verdict.reason, verdict.cause)
        for verdict in result.verdicts
        for found in (verdict.difference,)
    ]
    return {
        "run": run,
        "case_name": result.case.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0"),
        "step": result.step,
        "route": result.route,
        "outcome": result.outcome,
        "note": json.dumps(result.note),
        "request": json.dumps([request.method, request.target.decode("latin-1"), _pairs(request.headers)]),
        "request_body": request.body[:MAX_BODY_BYTES],
        **_side("control", result.control),
        **_side("candidate", result.candidate),
        "verdicts": json.dumps(verdicts),
    }


def result_of(row: Row[Any]) -> ParityResult:
    """Return the result of a row."""
    method, target, headers = json.loads(row.request)
    verdicts = (
        Verdict(Difference(where, control, candidate), Disposition(disposition), reason, cause)
        for where, control, candidate, disposition, reason, cause in json.loads(row.verdicts)
    )
    return ParityResult(
        row.case_name,
        row.step,
        row.route,
        Request(method, target.encode("latin-1"), _headers(headers), row.request_body),
        _observation(row.control, row.control_body, row.control_seconds),
        _observation(row.candidate, row.candidate_body, row.candidate_seconds),
        tuple(verdicts),
        row.outcome,
        json.loads(row.note),
    )


def _side(name: str, observation: Observation | None) -> dict[str, Any]:
    response = None if observation is None else observation.response
    head = None
    if response is not None:
        head = [response.status, _pairs(response.headers), response.is_cut or len(response.body) > MAX_BODY_BYTES]
    return {
        name: observation and json.dumps([observation.error, head, observation.by_view]),
        f"{name}_body": response and response.body[:MAX_BODY_BYTES],
        f"{name}_seconds": observation and observation.duration,
    }


def _observation(text: str | None, body: bytes | None, seconds: float | None) -> Observation | None:
    if text is None:
        return None
    error, head, *later = json.loads(text)
    response = head and Response(head[0], _headers(head[1]), bytes(body or b""), head[2])
    return Observation(response, error, seconds or 0.0, by_view=later[0] if later else None)


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    pairs, size = [], 0
    for name, value in headers:
        size += len(name) + len(value)
        if size > MAX_HEAD_BYTES:
            break
        pairs.append((name.decode("latin-1"), value.decode("latin-1")))
    return pairs


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)
