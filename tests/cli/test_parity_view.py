"""A run on a terminal: what is most likely a mistake comes first, says its route, and sends no control characters."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from gateway.cli.parity_view import report_view
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from gateway.parity.reporting.report import Report
from tests.parity.reporting.runs import report, result


def one(number: int, route: str, *places: str, value: str = "2", cause: str = "") -> ParityResult:
    verdicts = (Verdict(Difference(place, "1", value), Disposition.MISMATCH, cause=cause) for place in places)
    return result(number, route, Outcome.MISMATCHED, *verdicts)


def printed(run: Report) -> str:
    out = Console(file=StringIO(), width=160, highlight=False, emoji=False, markup=False)
    for part in report_view(run):
        out.print(part)
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def headings(run: Report) -> list[str]:
    return [line for line in printed(run).splitlines() if line.endswith((": no known cause", "[validation]"))]


def test_a_class_without_a_known_cause_says_its_route_and_comes_before_a_known_one() -> None:
    known = [one(number, "GET /api/orders", "header.vary", cause="validation") for number in range(20)]
    items = [one(number, f"GET /api/{name}", "body.items") for number, name in enumerate(("orders", "users"), 20)]
    assert headings(report((*known, *items))) == [
        "GET /api/orders: body.items: no known cause",
        "GET /api/users: body.items: no known cause",
        "FastAPI answers 422 with every error; the Flask view 400 with the first [validation]",
    ]


def test_places_that_one_request_shows_are_one_block() -> None:
    assert headings(report((one(1, "GET /a", "status", "body.x"), one(2, "GET /b", "status")))) == [
        "GET /a: body.x, status: no known cause",
        "GET /b: status: no known cause",
    ]


def test_a_path_that_no_rule_takes_is_named_as_such() -> None:
    assert headings(report((one(1, "", "status"),))) == ["(no route: the default answers): status: no known cause"]


def test_a_sample_says_its_origin() -> None:
    run = report((one(1, "GET /a", "status"),))
    assert "origin" not in printed(run)
    lines = printed(replace(run, origins={"case 1": "json field title: empty"})).splitlines()
    assert lines[lines.index("    as in case 1:") + 1] == "    origin: json field title: empty"


def test_control_characters_are_shown_and_not_sent() -> None:
    text = printed(report((one(1, "GET /a\x1b", "body.\x9b", value="\x00 \x1b[2J\x85"),)))
    assert r"body.\x9b: 1 -> \x00 \x1b[2J\x85" in text
    assert r"GET /a\x1b" in text
    assert all(character == "\n" or character.isprintable() for character in text)
