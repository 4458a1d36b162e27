"""What evidence lacks, in the words that a person reads, and what makes it stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.comparing.policy import ComparisonPolicy, IgnoreRule
from gateway.comparing.result import Outcome
from gateway.config.parity_table import ReplaySettings
from gateway.evidence.current import corpus_fingerprint, missing_or_stale, policy_fingerprint
from gateway.http.message import Request
from gateway.parity.corpus.case import Case, Step
from gateway.store.store import Evidence, Fingerprints

NOW = Fingerprints("aa", "bb", "cc", "dd", 41, "todos.list_todos", "new.todos:list_todos")
MATCHED = Evidence(
    route="GET /todos",
    outcome=Outcome.MATCHED,
    matched=41,
    fingerprints=NOW,
    made=datetime(2026, 11, 20, 14, 3, 59, tzinfo=UTC),
    run=1,
)


@pytest.mark.parametrize("outcome", [Outcome.MATCHED, Outcome.IGNORED])
def test_fresh_evidence_of_a_match_lacks_nothing(outcome: Outcome) -> None:
    assert missing_or_stale(replace(MATCHED, outcome=outcome), NOW) == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"control": "x"}, "the handler todos.list_todos changed since 2026-11-20 14:03 UTC"),
        ({"candidate": "x"}, "the handler new.todos:list_todos changed since 2026-11-20 14:03 UTC"),
        ({"control": "x", "control_name": ""}, "the legacy app changed since 2026-11-20 14:03 UTC"),
        ({"candidate": "x", "candidate_name": ""}, "the new app changed since 2026-11-20 14:03 UTC"),
        ({"corpus": "x", "cases": 44}, "the corpus changed: 41 cases then, 44 now"),
        ({"corpus": "x"}, "the corpus changed: 41 cases as before, but not the same"),
        ({"policy": "x"}, "the policy changed"),
    ],
)
def test_what_has_changed_since_makes_evidence_stale(changed: dict[str, Any], told: str) -> None:
    assert missing_or_stale(MATCHED, replace(NOW, **changed)) == (told,)


def test_what_the_map_said_when_the_run_was_made_is_told_once() -> None:
    made = replace(MATCHED, map_line='"GET /todos" = "legacy"')
    assert missing_or_stale(made, NOW) == ()
    assert missing_or_stale(made, replace(NOW, policy="x")) == ("the policy changed",)
    assert missing_or_stale(made, replace(NOW, control="x", candidate="x")) == (
        'the handler todos.list_todos changed since 2026-11-20 14:03 UTC, when the map said "GET /todos" = "legacy"',
        "the handler new.todos:list_todos changed since 2026-11-20 14:03 UTC",
    )


def test_a_corpus_of_one_case_is_told_as_one() -> None:
    old = replace(MATCHED, fingerprints=replace(NOW, cases=1))
    (told,) = missing_or_stale(old, replace(NOW, corpus="x", cases=0))
    assert told == "the corpus changed: 1 case then, 0 now"


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ({"outcome": Outcome.MISMATCHED, "matched": 38, "mismatched": 3}, "mismatched: 3 of 41 requests differ"),
        ({"outcome": Outcome.INCONCLUSIVE, "note": "3 of 5 requests needed"}, "inconclusive: 3 of 5 requests needed"),
        ({"outcome": Outcome.INCONCLUSIVE}, "inconclusive"),
    ],
)
def test_a_verdict_that_shows_no_match_is_told(verdict: dict[str, Any], told: str) -> None:
    assert missing_or_stale(replace(MATCHED, **verdict), NOW) == (told,)


def test_every_reason_is_told() -> None:
    assert len(missing_or_stale(MATCHED, Fingerprints("", "", "", ""))) == 4
    mismatched = replace(MATCHED, outcome=Outcome.MISMATCHED, mismatched=1)
    assert missing_or_stale(mismatched, Fingerprints("", "bb", "", "dd", 41)) == (
        "the legacy app changed since 2026-11-20 14:03 UTC",
        "the policy changed",
        "mismatched: 1 of 42 requests differ",
    )


def test_a_run_that_kept_cases_of_what_differs_is_no_change_of_the_corpus() -> None:
    mismatched = replace(MATCHED, outcome=Outcome.MISMATCHED, mismatched=1)
    assert missing_or_stale(mismatched, replace(NOW, corpus="x", cases=44)) == ("mismatched: 1 of 42 requests differ",)


# --- the corpus ---


def case(name: str, body: bytes = b"") -> Case:
    return Case(name, (Step(Request("GET", b"/", body=body)),))


def test_the_corpus_is_its_cases_whatever_their_order() -> None:
    a, b = case("a"), case("b")
    assert corpus_fingerprint([a, b]) == corpus_fingerprint([b, a])
    assert corpus_fingerprint([a, b]) == corpus_fingerprint([a, replace(b, origin="written in corpus/other.toml")])
    different = [[a], [a, b, case("c")], [a, case("b", b"x")], [a, replace(b, credential="wrong")], []]
    assert len({corpus_fingerprint(cases) for cases in [[a, b], *different]}) == 6


# --- the policy ---

TODAY = date(2026, 11, 20)
RULE = IgnoreRule("header.vary", "a cache sets it", line=12)


def fingerprint(*rules: IgnoreRule, json_mode: str = "typed", **settings: Any) -> str:
    return policy_fingerprint(ComparisonPolicy(json_mode, rules), ReplaySettings(**settings), TODAY)


@pytest.mark.parametrize(
    "changed",
    [
        {"min_requests": 6},
        {"json_mode": "canonical"},
        {"timeout_seconds": 1.0},
        {"freeze": False},
        {"database": "sqlite:///x"},
        {"environment": (("A", "b"),)},
        {"arguments": (("a", "b"),)},
        {"exclude": (("GET /", "x"),)},
    ],
)
def test_what_a_run_may_believe_changes_the_policy(changed: dict[str, Any]) -> None:
    assert fingerprint(**changed) != fingerprint()


def test_where_things_are_kept_does_not() -> None:
    assert fingerprint(store="sqlite:///other.sqlite3", corpus="cases") == fingerprint()


def test_rules_count_by_what_they_say_while_they_are_in_force() -> None:
    with_rule = fingerprint(RULE)
    assert with_rule != fingerprint()
    assert with_rule == fingerprint(replace(RULE, line=99))
    assert with_rule != fingerprint(replace(RULE, where="header.etag"))
    assert fingerprint(replace(RULE, expires=TODAY)) != fingerprint()
    assert fingerprint(replace(RULE, expires=date(2026, 11, 19))) == fingerprint()
