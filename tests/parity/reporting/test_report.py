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

from gateway.comparing.causes.symptom import Cause
from gateway.comparing.observation import Observation
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from gateway.http.message import Request, Response
from gateway.parity.reporting.difference_classes import MAX_CLASSES, classify_differences
from gateway.parity.reporting.html_report import render_html
from gateway.parity.reporting.json_report import render_json
from gateway.parity.reporting.junit_report import render_junit
from gateway.parity.reporting.report import Report, exit_code, format_request, format_verdict
from gateway.parity.reporting.side_by_side import side_by_side
from gateway.parity.summary import defect_rate_bound, defect_rate_text
from tests.parity.reporting.runs import DETAIL, STATUS, VARY, answer, huge, mixed, report, result


def test_ten_thousand_differences_are_at_most_fifty_classes() -> None:
    run = huge()
    classes = classify_differences(run.results)
    assert sum(len(one.verdicts) for one in run.results) == 10_000
    assert 1 < len(classes) <= MAX_CLASSES
    assert sum(one.count for one in classes) == 10_000


def test_few_classes_keep_their_places_mismatches_first() -> None:
    classes = classify_differences(mixed().results)
    assert [(one.cause, one.locations, one.disposition, one.count) for one in classes] == [
        ("validation", ("status", "body.detail"), Disposition.MISMATCH, 60),
        ("", ("header.vary",), Disposition.IGNORED, 50),
        ("", ("body.stamp",), Disposition.NOISE, 20),
    ]
    assert classes[1].routes == ("GET /users/<int:user_id>", "POST /todos")


def test_who_gets_in_and_what_is_stored_comes_first_however_rare() -> None:
    harmful = ("effect.rows.todos", "authentication")
    rare = (
        result(number, "POST /todos", Outcome.MISMATCHED, Verdict(Difference(where, "1", "2"), Disposition.MISMATCH))
        for number, where in enumerate(harmful)
    )
    classes = classify_differences((*huge().results, *rare))
    assert [one.locations for one in classes[:2]] == [("authentication",), ("effect.rows.todos",)]


def one(
    number: int, route: str, where: str, cause: str = "", disposition: Disposition = Disposition.MISMATCH
) -> ParityResult:
    verdict = Verdict(Difference(where, "1", "2"), disposition, cause=cause)
    return result(number, route, Outcome.MISMATCHED, verdict)


def test_classes_stand_in_the_order_of_their_harm() -> None:
    found = [
        ("", "authentication", ""),
        ("GET /a", "effect.rows.todos", "not-run"),
        ("GET /a", "header.location", "merged-slashes"),
        ("GET /a", "body.price", ""),
        ("GET /a", "effect.rows.todos", "forgotten-commit"),
        ("GET /a", "secret", ""),
    ]
    classes = classify_differences(one(number, *what) for number, what in enumerate(found))
    assert [(one.routes[0], one.locations[0], one.cause) for one in classes] == found[::-1]


def test_a_class_that_touches_a_route_too_is_not_the_last() -> None:
    both = [one(0, "", "status", "merged-slashes"), one(1, "GET /a", "status", "merged-slashes")]
    last = one(2, "GET /a", "effect.rows.todos", "not-run")
    assert [one.routes for one in classify_differences([last, *both])] == [("", "GET /a"), ("GET /a",)]


@pytest.mark.parametrize(("limit", "count"), [(MAX_CLASSES, 15), (8, 5)])
def test_what_has_no_known_cause_is_a_class_of_its_own_on_each_route(limit: int, count: int) -> None:
    found = [one(number, f"GET /r{number % 5}", f"body.f{number % 3}[{number}]") for number in range(30)]
    classes = classify_differences(found, limit=limit)
    assert [(len(one.routes), one.count) for one in classes] == [(1, 30 // count)] * count


def test_what_is_left_over_comes_last() -> None:
    found = [one(number, f"GET /r{number % 9}", f"body.f{number}") for number in range(90)]
    classes = classify_differences(found, limit=8)
    assert [(len(one.routes), one.count) for one in classes] == [(1, 10)] * 5 + [(4, 40)]


def test_what_is_ignored_takes_no_place_from_a_mismatch() -> None:
    ignored = [
        one(number, "GET /a", f"header.x-{number // 2}", disposition=Disposition.IGNORED) for number in range(10)
    ]
    unknown = [one(number, f"GET /{number}", "body") for number in range(MAX_CLASSES - 6)]
    known = one(MAX_CLASSES, "GET /a", "status", "validation")
    assert "validation" in {one.cause for one in classify_differences([*ignored, *unknown, known])}


def test_a_sample_is_one_that_somebody_wrote_where_there_is_one() -> None:
    made_up, longer, written = (
        result(number, "POST /todos", Outcome.MISMATCHED, STATUS) for number in (1, 10**9, 2 * 10**9)
    )
    assert [one.sample for one in classify_differences((longer, made_up, written))] == [made_up]
    generated = {made_up.case, longer.case}
    assert [one.sample for one in classify_differences((longer, made_up, written), generated)] == [written]
    assert [one.sample for one in classify_differences((longer, made_up), generated)] == [made_up]


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
        (1, 0.95, "With 1 clean pair a defect in at least 95.00 % of requests like these would have been seen (95 %)."),
        (
            400,
            0.00746,
            "With 400 clean pairs a defect in at least 0.75 % of requests like these would have been seen (95 %).",
        ),
    ],
)
def test_the_bound_of_the_defect_rate(clean: int, rate: float, text: str) -> None:
    assert defect_rate_bound(clean) == pytest.approx(rate, abs=0.0001)
    assert defect_rate_text(clean) == text


ORIGINS = {f"case {number}": f"json field <i>: {number}" for number in range(400)}


def test_json_has_every_difference_and_every_route() -> None:
    tree = json.loads(render_json(replace(mixed(), origins=ORIGINS)))
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
    assert tree["classes"][0] == {
        "locations": ["status", "body.detail"],
        "cause": "validation",
        "disposition": "mismatch",
        "count": 60,
        "routes": ["POST /todos"],
        "sample": "case 0",
        "origin": "json field <i>: 0",
    }
    assert {(one["case"], one["origin"]) for one in tree["differences"]} < ORIGINS.items()
    assert tree["complaints"]


def test_junit_counts_failures_and_errors() -> None:
    root = ElementTree.fromstring(render_junit(replace(mixed(), origins=ORIGINS)))
    suites = {suite.get("name"): suite for suite in root}
    assert suites["POST /todos"].get("failures") == "30"
    assert suites["(no route)"].get("errors") == "1"
    failure = suites["POST /todos"].find("testcase/failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.text.splitlines()[0] == "status: 400 -> 422 (validation)"
    assert failure.text.splitlines()[-1] == "origin: json field <i>: 0"
    assert suites["GET /todos"].find("testcase/failure") is None


def test_junit_survives_what_xml_cannot_hold() -> None:
    odd = replace(DETAIL, difference=Difference("body", "\x00\x1b\ud800", None))
    run = report((result(1, "GET /\x00\ud800", Outcome.MISMATCHED, odd),))
    assert ElementTree.fromstring(render_junit(run)).find("testsuite") is not None


def test_a_difference_in_one_line() -> None:
    assert format_verdict(DETAIL) == "body.detail: (absent) -> [...] (validation)"
    assert format_verdict(VARY) == "header.vary: Cookie -> (absent) [ignored: no cookie is read on the new side]"


CONTROLS = "\x00\x07\x1b[2J\r\x7f\x85\x9b"
SHOWN = r"\x00\x07\x1b[2J\x0d\x7f\x85\x9b"


def controlling() -> ParityResult:
    """A request, both answers and a difference, each with characters that a terminal obeys."""
    headers = ((b"x-odd", CONTROLS.encode("latin-1")),)
    control = Observation(Response(200, headers, f"a\tb\n{CONTROLS}".encode()))
    candidate = Observation(Response(200, headers, b"a\tb\nc"), error=f"ValueError: {CONTROLS}")
    verdict = Verdict(Difference(f"body.{CONTROLS}", CONTROLS, "c"), Disposition.MISMATCH)
    request = Request("POST", CONTROLS.encode("latin-1"), headers, CONTROLS.encode())
    return ParityResult("odd", 0, "POST /a", request, control, candidate, (verdict,), Outcome.MISMATCHED)


def test_control_characters_are_shown_and_not_sent() -> None:
    odd = controlling()
    assert format_verdict(odd.verdicts[0]) == f"body.{SHOWN}: {SHOWN} -> c"
    assert format_request(odd.request) == f"POST {SHOWN}\nx-odd: {SHOWN}\n\n{SHOWN}"
    lines = side_by_side(odd.control, odd.candidate)
    assert [(joined(line.control), joined(line.candidate)) for line in lines] == [
        ("200", "200"),
        (None, f"raised ValueError: {SHOWN}"),
        (f"x-odd: {SHOWN}", f"x-odd: {SHOWN}"),
        ("", ""),
        ("a\tb", "a\tb"),
        (SHOWN, "c"),
    ]


def test_the_page_names_the_origin_of_a_sample() -> None:
    page = render_html(replace(mixed(), origins=ORIGINS))
    assert "<code>case 0</code> (json field &lt;i&gt;: 0):" in page
    assert "<code>case 0</code>:" in render_html(mixed())


def test_the_page_has_no_control_characters() -> None:
    page = render_html(replace(report((controlling(),)), causes={"": Cause("", CONTROLS, CONTROLS, lambda _: False)}))
    assert not set(page.replace("\n", "").replace("\t", "")) & set(map(chr, (*range(32), *range(127, 160))))
    assert page.count(SHOWN) > 5


def joined(pieces: tuple[tuple[str, bool], ...] | None) -> str | None:
    return None if pieces is None else "".join(text for text, _ in pieces)


def test_lines_are_aligned_and_what_differs_is_marked() -> None:
    lines = side_by_side(answer(200, {"b": 1, "a": 1.5}, 0), answer(200, {"a": 1.25, "b": 1, "c": 0}, 0))
    texts = [(joined(line.control), joined(line.candidate)) for line in lines if line.differs]
    assert texts == [('  "a": 1.5,', '  "a": 1.25,'), ('  "b": 1', '  "b": 1,'), (None, '  "c": 0')]
    price = next(line for line in lines if joined(line.control) == '  "a": 1.5,')
    assert price.candidate == (('  "a": 1.', False), ("2", True), ("5,", False))


@pytest.mark.parametrize("error", [None, "KeyError: 'x'"])
def test_status_lines_stand_beside_each_other(error: str | None) -> None:
    lines = side_by_side(answer(201, 1, 0, vary="Cookie"), replace(answer(500, 2, 0, vary="Accept"), error=error))
    texts = [(joined(line.control), joined(line.candidate)) for line in lines]
    raised = [(None, f"raised {error}")] if error else []
    head = [("201", "500"), *raised, ("content-type: application/json", "content-type: application/json")]
    assert texts == [*head, ("vary: Cookie", "vary: Accept"), ("", ""), ("1", "2")]


def test_an_empty_line_of_one_side_is_a_line() -> None:
    plain = [Observation(Response(200, (), body)) for body in (b"a", b"a\n\nb")]
    lines = side_by_side(*plain)
    assert [(joined(line.control), joined(line.candidate)) for line in lines[2:]] == [
        ("a", "a"),
        (None, ""),
        (None, "b"),
    ]


def test_an_error_without_an_answer_is_told() -> None:
    lines = side_by_side(None, Observation(None, error="KeyError: 'x'"))
    assert [(joined(line.control), joined(line.candidate)) for line in lines] == [
        ("(not run)", None),
        (None, "raised KeyError: 'x'"),
    ]


@pytest.mark.parametrize("make", [mixed, huge])
def test_the_page_is_whole_and_asks_nobody(make: Callable[[], object], tmp_path: Path, browser: Chrome) -> None:
    page = tmp_path / "parity.html"
    page.write_text(render_html(make()), encoding="utf-8")  # type: ignore[arg-type]
    browser.get(page.as_uri())
    assert browser.execute_script("return document.readyState") == "complete"
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert len(browser.find_elements(By.CSS_SELECTOR, "details")) <= MAX_CLASSES
    assert page.stat().st_size < 2_000_000


def test_the_page_says_what_matters(tmp_path: Path, browser: Chrome) -> None:
    page = tmp_path / "parity.html"
    page.write_text(render_html(mixed()), encoding="utf-8")
    browser.get(page.as_uri())
    text = browser.find_element(By.TAG_NAME, "body").text
    for said in (
        "Parity: mismatched",
        '"header.etag" matched nothing',
        "With 421 clean pairs a defect in at least 0.71 % of requests like these would have been seen (95 %).",
        "1 of 5 different requests needed",
        "What to do: register an exception handler for RequestValidationError",
        '{"title": "<b>"}',
    ):
        assert said in text
    assert browser.find_elements(By.TAG_NAME, "b")  # ours; the answer's own <b> is text
    marks = [mark.text for mark in browser.find_elements(By.CSS_SELECTOR, "details[open] mark")]
    assert "400" in marks
    assert "422" in marks


def opened(run: Report, directory: Path, browser: Chrome) -> Chrome:
    page = directory / "parity.html"
    page.write_text(render_html(run), encoding="utf-8")
    browser.get(page.as_uri())
    return browser


def test_a_route_leads_to_its_classes_and_back(tmp_path: Path, browser: Chrome) -> None:
    opened(mixed(), tmp_path, browser)
    row = browser.find_element(By.XPATH, "//tr[td[1]='GET /users/<int:user_id>']")
    links = row.find_elements(By.TAG_NAME, "a")
    assert [link.text for link in links] == ["2", "3"]
    links[0].click()
    shown = browser.find_element(By.CSS_SELECTOR, "details:has(:target)")
    assert shown.get_attribute("open"), "a link opens its class"
    assert "header.vary" in shown.text
    back = shown.find_element(By.LINK_TEXT, "GET /users/<int:user_id>")
    back.click()
    assert browser.find_element(By.CSS_SELECTOR, "tr:target").text == row.text


def test_a_row_says_its_bound_in_short(tmp_path: Path, browser: Chrome) -> None:
    opened(mixed(), tmp_path, browser)
    table = browser.find_element(By.TAG_NAME, "table").text
    assert "would show a defect in" in table
    assert "0.7 % of requests like these" in table
    assert "clean pairs" not in table


def test_backticks_are_code(tmp_path: Path, browser: Chrome) -> None:
    cause = Cause("validation", "`422` and <b>", "use `Query(None)` & `<i>`", lambda _: False)
    opened(replace(mixed(), causes={"validation": cause}), tmp_path, browser)
    shown = browser.find_element(By.CSS_SELECTOR, "details[open]")
    assert "422 and <b>" in shown.text
    assert "use Query(None) & <i>" in shown.text
    codes = [code.text for code in shown.find_elements(By.TAG_NAME, "code")]
    assert {"422", "Query(None)", "<i>"} <= set(codes)


@pytest.mark.parametrize("make", [mixed, huge])
def test_the_page_fits_a_telephone(make: Callable[[], Report], tmp_path: Path, browser: Chrome) -> None:
    opened(make(), tmp_path, browser)
    too_wide = browser.execute_script(
        """
        const frame = document.createElement("iframe");  // no window of Chromium is as narrow as a telephone
        frame.style.width = "420px";
        frame.srcdoc = document.documentElement.outerHTML;
        document.body.append(frame);
        return new Promise(done => frame.onload = () => {
          for (const one of frame.contentDocument.querySelectorAll("details")) one.open = true;
          const page = frame.contentDocument.documentElement;
          done(page.scrollWidth - page.clientWidth);
        });
        """
    )
    assert too_wide == 0
