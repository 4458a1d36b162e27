"""A ParityResult as a row of the store, and back. Pure. ASCII text and bytes only, so that any database takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy.engine import Row

from ..comparing.observation import Observation
from ..comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from ..http.message import Headers, Request, Response

MOST_BODY = 65_536
"""Bytes of one body that are kept; an answer that had more `is_cut`."""
MOST_HEAD = 16_384
"""Bytes of one head that are kept, in whole fields."""


def columns_of(run: int, result: ParityResult) -> dict[str, Any]:
    """The row of a result; what is beyond a bound is left out, and so are effects, whose differences are verdicts."""
    request = result.request
    return {
        "run": run,
        "case_name": result.case.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0"),
        "step": result.step,
        "route": result.route,
        "outcome": result.outcome.value,
        "note": _ascii(result.note),
        "request": json.dumps([request.method, _text(request.target), _pairs(request.headers)]),
        "request_body": request.body[:MOST_BODY],
        **_side("control", result.control),
        **_side("candidate", result.candidate),
        "verdicts": json.dumps([_verdict(verdict) for verdict in result.verdicts]),
    }


def result_of(row: Row[Any]) -> ParityResult:
    """The result of a row."""
    method, target, headers = json.loads(row.request)
    return ParityResult(
        row.case_name,
        row.step,
        row.route,
        Request(method, target.encode("latin-1"), _headers(headers), row.request_body),
        _observation(row.control, row.control_body, row.control_seconds),
        _observation(row.candidate, row.candidate_body, row.candidate_seconds),
        tuple(_read_verdict(*parts) for parts in json.loads(row.verdicts)),
        Outcome(row.outcome),
        json.loads(row.note),
    )


def _side(name: str, observation: Observation | None) -> dict[str, Any]:
    if observation is None:
        return {name: None, f"{name}_body": None, f"{name}_seconds": None}
    response = observation.response
    head = None
    if response is not None:
        head = [response.status, _pairs(response.headers), response.is_cut or len(response.body) > MOST_BODY]
    return {
        name: json.dumps([observation.error, head]),
        f"{name}_body": None if response is None else response.body[:MOST_BODY],
        f"{name}_seconds": observation.duration,
    }


def _observation(text: str | None, body: bytes | None, seconds: float | None) -> Observation | None:
    if text is None:
        return None
    error, head = json.loads(text)
    if head is None:
        return Observation(None, error, seconds or 0.0)
    status, headers, is_cut = head
    return Observation(Response(status, _headers(headers), bytes(body or b""), is_cut), error, seconds or 0.0)


def _verdict(verdict: Verdict) -> list[str | None]:
    found = verdict.difference
    return [found.where, found.control, found.candidate, verdict.disposition.value, verdict.reason, verdict.cause]


def _read_verdict(where: str, control: str, candidate: str, disposition: str, reason: str, cause: str) -> Verdict:
    return Verdict(Difference(where, control, candidate), Disposition(disposition), reason, cause)


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    def fitting() -> Iterator[tuple[str, str]]:
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
            if size > MOST_HEAD:
                return
            yield _text(name), _text(value)

    return list(fitting())


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")


def _ascii(text: str) -> str:
    return json.dumps(text)
