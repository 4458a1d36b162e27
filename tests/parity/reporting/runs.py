"""Made-up runs to show: a small one with something of everything, and one with ten thousand differences."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from gateway.comparing.causes.symptom import Cause
from gateway.comparing.observation import Observation
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from gateway.http.message import Request, Response
from gateway.parity.reporting.report import Report
from gateway.parity.summary import summarise

CAUSES = {
    "validation": Cause(
        "validation",
        "FastAPI answers 422 with every error; the Flask view 400 with the first",
        "register an exception handler for RequestValidationError that answers 400",
        lambda _: False,
    )
}


def answer(status: int, body: object, seconds: float, **headers: str) -> Observation:
    pairs = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    encoded = tuple((name.encode(), value.encode()) for name, value in pairs.items())
    return Observation(Response(status, encoded, json.dumps(body).encode()), duration=seconds)


def result(number: int, route: str, outcome: Outcome, *verdicts: Verdict, note: str = "") -> ParityResult:
    request = Request("POST", b"/todos?n=%d" % number, ((b"content-type", b"application/json"),), b'{"title": "<b>"}')
    seconds = 0.001 + number % 7 / 10_000
    if outcome is Outcome.MATCHED:
        control = candidate = answer(200, {"id": number}, seconds)
    elif outcome is Outcome.IGNORED:
        control = answer(200, {"id": number, "stamp": "a"}, seconds, vary="Cookie")
        candidate = answer(200, {"id": number, "stamp": "b"}, seconds / 2)
    else:
        control = answer(400, {"error": "<title> is empty", "id": number}, seconds, vary="Cookie")
        candidate = answer(422, {"detail": [{"loc": ["body", "title"], "input": ""}], "id": number}, seconds / 2)
    return ParityResult(f"case {number}", 0, route, request, control, candidate, verdicts, outcome, note)


def report(results: tuple[ParityResult, ...], *complaints: str) -> Report:
    return Report(
        run=1,
        legacy="legacy_flask:create_app",
        new="new_fastapi:create_app",
        began=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        seconds=12.5,
        seed=4711,
        cases=len(results),
        summaries=summarise(results, 5),
        results=results,
        causes=CAUSES,
        complaints=complaints,
    )


STATUS = Verdict(Difference("status", "400", "422"), Disposition.MISMATCH, cause="validation")
DETAIL = Verdict(Difference("body.detail", None, "[...]"), Disposition.MISMATCH, cause="validation")
VARY = Verdict(Difference("header.vary", "Cookie", None), Disposition.IGNORED, "no cookie is read on the new side")
STAMP = Verdict(Difference("body.stamp", '"a"', '"b"'), Disposition.NOISE, "legacy disagrees with itself here")


def mixed() -> Report:
    """Every outcome and every disposition."""
    matched = [result(n, "GET /todos", Outcome.MATCHED) for n in range(400)]
    ignored = [result(n, "GET /users/<int:user_id>", Outcome.IGNORED, VARY, STAMP) for n in range(20)]
    mismatched = [result(n, "POST /todos", Outcome.MISMATCHED, STATUS, DETAIL, VARY) for n in range(30)]
    few = [result(1, "GET /me", Outcome.MATCHED), result(2, "", Outcome.INCONCLUSIVE, note="not run: SMTP")]
    return report((*matched, *ignored, *mismatched, *few), 'migration_map.toml:9: "header.etag" matched nothing')


def huge() -> Report:
    """10,000 differences at 500 places, by 60 causes that nobody knows."""
    many = tuple(
        result(
            number,
            f"GET /r{number % 90}",
            Outcome.MISMATCHED,
            *(
                Verdict(
                    Difference(f"body.f{place}[{number}].x", "1", "2"),
                    Disposition.MISMATCH,
                    cause=f"cause-{place % 60}",
                )
                for place in range(number % 25 * 20, number % 25 * 20 + 20)
            ),
        )
        for number in range(500)
    )
    return report(many)
