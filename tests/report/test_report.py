"""A run as JSON, JUnit XML and HTML: nothing is lost, nothing breaks out of its place, and large runs stay small."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from gateway.parity.judging.summary import power, power_text
from gateway.parity.reporting.grouping import MOST, group_differences
from gateway.parity.reporting.html_report import render_html
from gateway.parity.reporting.report import exit_code, render_json, render_junit, told
from gateway.parity.reporting.side_by_side import side_by_side
from gateway.parity.result import Difference, Fate, Outcome, Verdict
from tests.report.runs import DETAIL, STATUS, VARY, answer, huge, mixed, report, result


def test_ten_thousand_differences_are_at_most_fifty_classes() -> None:
    run = huge()
    groups = group_differences(run.results)
    assert sum(len(one.verdicts) for one in run.results) == 10_000
    assert 1 < len(groups) <= MOST
    assert sum(group.count for group in groups) == 10_000


def test_few_classes_keep_their_places_mismatches_first() -> None:
    groups = group_differences(mixed().results)
    assert [(group.cause, group.places, group.fate, group.count) for group in groups] == [
        ("validation", ("status", "body.detail"), Fate.MISMATCH, 60),
        ("", ("header.vary",), Fate.IGNORED, 50),
        ("", ("body.stamp",), Fate.NOISE, 20),
    ]
    assert groups[1].routes == ("GET /users/<int:user_id>", "POST /todos")


def test_who_gets_in_and_what_is_stored_comes_first_however_rare() -> None:
    harmful = ("effect.rows.todos", "authentication")
    rare = (
        result(number, "POST /todos", Outcome.MISMATCHED, Verdict(Difference(where, "1", "2"), Fate.MISMATCH))
        for number, where in enumerate(harmful)
    )
    groups = group_differences((*huge().results, *rare))
    assert [group.places for group in groups[:2]] == [("authentication",), ("effect.rows.todos",)]


def test_a_sample_is_one_that_somebody_wrote_where_there_is_one() -> None:
    made_up, longer, written = (
        result(number, "POST /todos", Outcome.MISMATCHED, STATUS) for number in (1, 10**9, 2 * 10**9)
    )
    assert [group.sample for group in group_differences((longer, made_up, written))] == [made_up]
    generated = {made_up.case, longer.case}
    assert [group.sample for group in group_differences((longer, made_up, written), generated)] == [written]
    assert [group.sample for group in group_differences((longer, made_up), generated)] == [made_up]


@pytest.mark.parametrize(
    ("outcomes", "outcome", "code"),
    [
        ([Outcome.MATCHED] * 5, Outcome.MATCHED, 0),
        ([Outcome.MATCHED] * 4, Outcome.INCONCLUSIVE, 3),
        ([Outcome.IGNORED] + [Outcome.MATCHED] * 4, Outcome.IGNORED, 0),
        ([Outcome.MISMATCHED] + [Outcome.MATCHED] * 400, Outcome.MISMATCHED, 1),
        ([Outcome.INCONCLUSIVE] * 9, Outcome.INCONCLUSIVE, 3),
        ([], Outcome.INCONCLUSIVE, 3),
    ],
)
def test_the_outcome_is_the_worst_and_no_data_is_not_green(
    outcomes: list[Outcome], outcome: Outcome, code: int
) -> None:
    run = report(tuple(result(number, "GET /a", one) for number, one in enumerate(outcomes)))
    assert run.outcome is outcome
    assert exit_code(run.outcome) == code


def test_an_ignore_rule_that_matches_nothing_fails_the_run() -> None:
    matched = tuple(result(number, "GET /a", Outcome.MATCHED) for number in range(9))
    assert exit_code(report(matched, "a rule matched nothing").outcome) == 1


@pytest.mark.parametrize(
    ("clean", "rate", "text"),
    [
        (0, 1.0, "No clean pair: nothing is shown."),
        (1, 0.95, "With 1 clean pair a defect in 95.00 % of requests would have been seen (95 %)."),
        (400, 0.00746, "With 400 clean pairs a defect in 0.75 % of requests would have been seen (95 %)."),
    ],
)
def test_power(clean: int, rate: float, text: str) -> None:
    assert power(clean) == pytest.approx(rate, abs=0.0001)
    assert power_text(clean) == text


def test_json_has_every_difference_and_every_route() -> None:
    tree = json.loads(render_json(mixed()))
    assert tree["outcome"] == "mismatched"
    assert tree["requests"] == {"matched": 401, "ignored": 20, "mismatched": 30, "inconclusive": 1}
    assert {one["route"]: one["outcome"] for one in tree["routes"]} == {
        "": "inconclusive",
        "GET /me": "inconclusive",
        "GET /todos": "matched",
        "GET /users/<int:user_id>": "ignored",
        "POST /todos": "mismatched",
    }
    assert len(tree["differences"]) == 50
    assert tree["complaints"]


def test_junit_counts_failures_and_errors() -> None:
    root = ElementTree.fromstring(render_junit(mixed()))
    suites = {suite.get("name"): suite for suite in root}
    assert suites["POST /todos"].get("failures") == "30"
    assert suites["(no route)"].get("errors") == "1"
    failure = suites["POST /todos"].find("testcase/failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.text.splitlines()[0] == "status: 400 -> 422 (validation)"
    assert suites["GET /todos"].find("testcase/failure") is None


def test_junit_survives_what_xml_cannot_hold() -> None:
    odd = replace(DETAIL, difference=Difference("body", "\x00\x1b\ud800", None))
    run = report((result(1, "GET /\x00\ud800", Outcome.MISMATCHED, odd),))
    assert ElementTree.fromstring(render_junit(run)).find("testsuite") is not None


def test_a_difference_in_one_line() -> None:
    assert told(DETAIL) == "body.detail: (absent) -> [...] (validation)"
    assert told(VARY) == "header.vary: Cookie -> (absent) [ignored: no cookie is read on the new side]"


def joined(pieces: tuple[tuple[str, bool], ...] | None) -> str | None:
    return None if pieces is None else "".join(text for text, _ in pieces)


def test_lines_are_aligned_and_what_differs_is_marked() -> None:
    lines = side_by_side(answer(200, {"b": 1, "a": 1.5}, 0), answer(200, {"a": 1.25, "b": 1, "c": 0}, 0))
    texts = [(joined(line.control), joined(line.candidate)) for line in lines if line.differs]
    assert texts == [('  "a": 1.5,', '  "a": 1.25,'), ('  "b": 1', '  "b": 1,'), (None, '  "c": 0')]
    price = next(line for line in lines if joined(line.control) == '  "a": 1.5,')
    assert price.candidate == (('  "a": 1.', False), ("2", True), ("5,", False))


@pytest.mark.parametrize("make", [mixed, huge])
def test_the_page_is_whole_and_asks_nobody(make: Callable[[], object], tmp_path: Path, browser: Chrome) -> None:
    page = tmp_path / "parity.html"
    page.write_text(render_html(make()), encoding="utf-8")  # type: ignore[arg-type]
    browser.get(page.as_uri())
    assert browser.execute_script("return document.readyState") == "complete"
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert len(browser.find_elements(By.CSS_SELECTOR, "details")) <= MOST
    assert page.stat().st_size < 2_000_000


def test_the_page_says_what_matters(tmp_path: Path, browser: Chrome) -> None:
    page = tmp_path / "parity.html"
    page.write_text(render_html(mixed()), encoding="utf-8")
    browser.get(page.as_uri())
    text = browser.find_element(By.TAG_NAME, "body").text
    for said in (
        "Parity: mismatched",
        '"header.etag" matched nothing',
        "With 421 clean pairs a defect in 0.71 % of requests would have been seen (95 %).",
        "1 of 5 different requests needed",
        "What to do: register an exception handler for RequestValidationError",
        '{"title": "<b>"}',
    ):
        assert said in text
    assert browser.find_elements(By.TAG_NAME, "b")  # ours; the answer's own <b> is text
    marks = [mark.text for mark in browser.find_elements(By.CSS_SELECTOR, "details[open] mark")]
    assert "400" in marks
    assert "422" in marks
