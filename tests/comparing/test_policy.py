"""An ignore rule covers what it names and no more; one that covers nothing is reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gateway.comparing.policy import IgnoreRule, find_rule, unused_rules
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from gateway.http.message import Request

TODAY = date(2026, 3, 1)


def ignores(rule: IgnoreRule, where: str, route: str = "GET /todos") -> bool:
    return find_rule((rule,), route, Difference(where, "a", "b"), "", TODAY) is rule


@pytest.mark.parametrize(
    ("rule", "where", "expected"),
    [
        ("header.vary", "header.vary", True),
        ("header.vary", "header.vary-x", False),
        ("header.v", "header.vary", False),
        ("header.*", "header.vary", True),
        ("header.*", "headers.vary", False),
        ("body", "body", True),
        ("body", "body.a", False),
        ("body.*", "body", False),
        ("body.*", "body.a.b[3].c", True),
        ("body.*", "body[3]", True),
        ("body.*", 'body["a b"]', True),
        ("body.items[*].price", "body.items[12].price", True),
        ("body.items[*].price", "body.items[12].prices", False),
        ("body.items[*].price", "body.items.price", False),
        ("body.items[*]", "body.items[1].price", False),
        ("body.items[*].*", "body.items[1].price", True),
        ("body[*][*]", "body[1][2]", True),
        ("body.items[2]", "body.items[2]", True),
        ("body.items[2]", "body.items[3]", False),
        ('body["a.b"]', 'body["a.b"]', True),
        ('body["a.b"]', 'body["axb"]', False),
        ("cookie.session.*", "cookie.session.samesite", True),
        ("cookie.session.*", "cookie.session", False),
        ("effect.statements.SELECT todos", "effect.statements.SELECT todos", True),
        ("body.a\n", "body.a", False),
    ],
)
def test_a_rule_names_a_location(rule: str, where: str, expected: bool) -> None:
    assert ignores(IgnoreRule(rule, "why"), where) is expected


def test_a_rule_may_name_a_route() -> None:
    assert ignores(IgnoreRule("status", "why", route="GET /todos"), "status")
    assert not ignores(IgnoreRule("status", "why", route="GET /todos/"), "status")


@pytest.mark.parametrize(
    ("expires", "expected"), [(date(2026, 2, 28), False), (TODAY, True), (date(2026, 3, 2), True), (None, True)]
)
def test_a_rule_holds_through_its_last_day(expires: date | None, expected: bool) -> None:
    assert ignores(IgnoreRule("status", "why", expires=expires), "status") is expected


@pytest.mark.parametrize("location", ["authentication", "secret"])
@pytest.mark.parametrize(
    ("where", "route", "approved_by", "expected"),
    [
        (None, "GET /todos", "ann", True),
        (None, "GET /todos", None, False),
        (None, "GET /todos", "", False),
        (None, None, "ann", False),
        (None, "GET /x", "ann", False),
        ("status", "GET /todos", "ann", False),
    ],
)
def test_weaker_access_needs_a_name_to_answer_for_it(
    location: str, where: str | None, route: str | None, approved_by: str | None, expected: bool
) -> None:
    rule = IgnoreRule(where or location, "why", route=route, approved_by=approved_by)
    assert ignores(rule, location) is expected


def test_the_first_rule_counts() -> None:
    rules = (
        IgnoreRule("status", "old", expires=date(2020, 1, 1)),
        IgnoreRule("status", "a"),
        IgnoreRule("status", "b"),
    )
    found = find_rule(rules, "GET /todos", Difference("status", "1", "2"), "", TODAY)
    assert found is not None
    assert found.reason == "a"


def result(route: str, *locations: str) -> ParityResult:
    verdicts = tuple(Verdict(Difference(where, "a", "b"), Disposition.IGNORED) for where in locations)
    return ParityResult("case", 0, route, Request("GET", b"/"), None, None, verdicts, Outcome.IGNORED)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (IgnoreRule("status", "why"), ""),
        (IgnoreRule("status", "why", route="GET /a", expires=TODAY), ""),
        (
            IgnoreRule("header.*", "why", line=7),
            'line 7: parity.ignore: the rule for "header.*" matched nothing; remove it',
        ),
        (
            IgnoreRule("status", "why", route="GET /b"),
            'parity.ignore: the rule for "status" of "GET /b" matched nothing; remove it',
        ),
        (
            IgnoreRule("status", "why", expires=date(2026, 2, 28)),
            'parity.ignore: the rule for "status" expired on 2026-02-28; make both sides agree, or give it another day',
        ),
        (
            IgnoreRule("authentication", "why"),
            'parity.ignore: the rule for "authentication" names no route, which it must',
        ),
        (
            IgnoreRule("authentication", "why", route="GET /a"),
            'parity.ignore: the rule for "authentication" of "GET /a" ignores nothing without approved_by',
        ),
        (IgnoreRule("authentication", "why", route="GET /a", approved_by="ann"), ""),
        (
            IgnoreRule("body.error", "why", control="no title"),
            (
                'parity.ignore: the rule for "body.error" matched nothing; a text of JSON has its quotes: '
                "control = '\"no title\"'"
            ),
        ),
        (
            IgnoreRule("body.error", "why", control="no name"),
            'parity.ignore: the rule for "body.error" matched nothing; remove it',
        ),
    ],
)
def test_a_rule_that_is_of_no_use_is_reported(rule: IgnoreRule, message: str) -> None:
    error = Verdict(Difference("body.error", '"no title"', None), Disposition.MISMATCH)
    results = (
        result("GET /a", "status", "authentication"),
        replace(result("GET /b", "body"), verdicts=(error,)),
    )
    assert unused_rules(results, [rule], TODAY) == ((message,) if message else ())
