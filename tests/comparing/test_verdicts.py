"""What becomes of the differences of a case, request by request."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gateway.comparing.observation import Access, Compared, Observation, RowChange
from gateway.comparing.policy import ComparisonPolicy, IgnoreRule
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult
from gateway.comparing.verdicts import MAX_VERDICTS, judge, mismatched_locations
from gateway.http.message import Request, Response
from gateway.parity.compared_case import ComparedCase, case_results
from gateway.parity.corpus.case import Case, Step
from tests.comparing.answers import answer, headers, observe, step

TODAY = date(2026, 3, 1)
SAME = step(answer("1"), answer("1"))
OTHER = step(answer("1"), answer("2"))
STATUS = IgnoreRule("status", "meant")


def route_of(request: Request) -> str:
    return f"{request.method} {request.path}"


def judged(
    *steps: Compared,
    policy: ComparisonPolicy | None = None,
    refused: str = "",
    credential: str = "given",
    asked: int = 0,
) -> tuple[ParityResult, ...]:
    requests = [pair.control_request for pair in steps] + [Request("GET", b"/users/{{id}}")] * asked
    case = Case("a case", tuple(map(Step, requests)), credential=credential)
    return results_of(ComparedCase(case, steps, (), refused), policy or ComparisonPolicy())


def results_of(pair: ComparedCase, policy: ComparisonPolicy | None = None) -> tuple[ParityResult, ...]:
    verdicts = tuple(
        judge(
            replace(one, credential=pair.case.credential),
            route_of(one.control_request),
            policy or ComparisonPolicy(),
            TODAY,
        )
        for one in pair.steps
    )
    return case_results(replace(pair, verdicts=verdicts), route_of)


def wrong_places(one: Compared, route: str, policy: ComparisonPolicy, today: date) -> frozenset[str]:
    return mismatched_locations(judge(one, route, policy, today))


def test_what_does_not_differ_matches() -> None:
    (result,) = judged(SAME)
    assert (result.case, result.step, result.route, result.outcome) == ("a case", 0, "GET /todos", Outcome.MATCHED)
    assert result.verdicts == ()
    assert (result.request, result.control, result.candidate) == (SAME.control_request, SAME.control, SAME.candidate)
    assert not wrong_places(SAME, "GET /todos", ComparisonPolicy(), TODAY)


def test_what_differs_mismatches() -> None:
    (result,) = judged(OTHER)
    assert result.outcome is Outcome.MISMATCHED
    assert [verdict.disposition for verdict in result.verdicts] == [Disposition.MISMATCH]
    assert wrong_places(OTHER, "GET /todos", ComparisonPolicy(), TODAY)


def test_an_answer_of_which_only_the_beginning_was_read_shows_nothing() -> None:
    beginning = replace(SAME.control, response=replace(answer("1"), is_cut=True))
    (result,) = judged(replace(SAME, control=beginning, candidate=beginning))
    note = "only the beginning of the answer was read: it is too long, or endless"
    assert (result.outcome, result.note) == (Outcome.INCONCLUSIVE, note)


def test_the_policy_says_how_json_is_compared() -> None:
    numbers = step(answer("1"), answer("1.0"))
    assert wrong_places(numbers, "GET /todos", ComparisonPolicy(), TODAY)
    assert not wrong_places(numbers, "GET /todos", ComparisonPolicy(json_mode="canonical"), TODAY)
    assert wrong_places(step(answer("1"), answer("1 ")), "GET /todos", ComparisonPolicy(json_mode="bytes"), TODAY)


def test_a_rule_ignores_with_its_reason_and_the_difference_stays() -> None:
    (result,) = judged(OTHER, policy=ComparisonPolicy(rules=(IgnoreRule("body", "meant"),)))
    assert result.outcome is Outcome.IGNORED
    assert [(one.difference.where, one.disposition, one.reason) for one in result.verdicts] == [
        ("body", Disposition.IGNORED, "meant")
    ]


def test_one_mismatch_beside_ignored_ones_mismatches() -> None:
    pair = step(answer('{"a":1,"b":1}'), answer('{"a":2,"b":2}'))
    (result,) = judged(pair, policy=ComparisonPolicy(rules=(IgnoreRule("body.a", "meant"),)))
    assert result.outcome is Outcome.MISMATCHED


def test_noise_is_ignored_with_three_twins() -> None:
    sides = [answer(f'"{value}"') for value in ("a-1", "b-2", "c-3", "d-4", "e-5")]
    (result,) = judged(step(*sides))
    assert result.outcome is Outcome.IGNORED
    assert [one.disposition for one in result.verdicts] == [Disposition.NOISE]
    (result,) = judged(step(*sides[:4]))
    assert result.outcome is Outcome.MISMATCHED


def test_after_a_mismatch_a_difference_shows_nothing_and_a_match_does() -> None:
    results = judged(SAME, OTHER, OTHER, SAME, OTHER)
    assert [result.outcome.value for result in results] == [
        "matched", "mismatched", "inconclusive", "matched", "inconclusive",
    ]  # fmt: skip
    assert results[2].note == "an earlier request of this case differed"
    assert results[2].verdicts != ()
    assert results[3].note == ""


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("Vary: Cookie", "Vary: Origin"),
        ("Location: /a", "Location: /b"),
        ("Set-Cookie: s=1", "Set-Cookie: s=1; Secure"),
    ],
)
def test_after_a_header_that_nothing_uses_all_goes_on(line: str, other: str) -> None:
    results = judged(step(answer("1", "text/plain", line), answer("1", "text/plain", other)), OTHER)
    assert [result.outcome for result in results] == [Outcome.MISMATCHED, Outcome.MISMATCHED]


def test_after_a_header_that_the_case_keeps_a_difference_shows_nothing() -> None:
    tagged = step(answer("1", "text/plain", "ETag: 1"), answer("1", "text/plain", "ETag: 2"))
    steps = (Step(tagged.control_request, (("tag", "header.etag"),)), Step(OTHER.control_request))
    results = results_of(ComparedCase(Case("a case", steps), (tagged, OTHER), ()))
    assert [result.outcome for result in results] == [Outcome.MISMATCHED, Outcome.INCONCLUSIVE]


def test_after_an_ignored_difference_all_goes_on() -> None:
    ignored = step(answer("1", "text/plain"), answer("1", "text/csv"))
    rule = IgnoreRule("header.content-type", "meant")
    results = judged(ignored, OTHER, policy=ComparisonPolicy(rules=(rule,)))
    assert [result.outcome for result in results] == [Outcome.IGNORED, Outcome.MISMATCHED]


def test_a_case_that_was_refused_shows_nothing_but_its_mismatches() -> None:
    results = judged(SAME, OTHER, refused="opens a socket", asked=2)
    assert [result.outcome.value for result in results] == [
        "inconclusive",
        "mismatched",
        "inconclusive",
        "inconclusive",
    ]
    assert [result.note for result in results] == ["opens a socket", "", "opens a socket", "opens a socket"]
    assert [(result.step, result.route) for result in results[2:]] == [(2, "GET /users/1"), (3, "GET /users/1")]
    assert results[2].control is None


def test_a_case_that_stopped_without_a_reason_is_inconclusive_too() -> None:
    assert [(result.outcome, result.note) for result in judged(asked=1)] == [(Outcome.INCONCLUSIVE, "not asked")]


def test_what_was_not_asked_for_want_of_a_value_is_inconclusive_and_a_wrong_guess_is_nothing() -> None:
    case = Case("a case", (Step(SAME.control_request), Step(Request("GET", b"/users/{{id}}"))))
    pair = ComparedCase(case, (SAME,), (), control_lacks="nothing at body.id")
    found = [(result.outcome, result.note) for result in results_of(pair)]
    assert found == [(Outcome.MATCHED, ""), (Outcome.INCONCLUSIVE, "nothing at body.id")]
    guess = replace(pair, case=replace(case, source="generated"))
    assert [result.outcome for result in results_of(guess)] == [Outcome.MATCHED]
    for lost in (replace(guess, refused="ended"), replace(guess, control_lacks="", candidate_lacks="nothing")):
        assert [result.outcome for result in results_of(lost)][1:] == [Outcome.INCONCLUSIVE]


def test_what_is_missing_with_an_answer_that_is_meant_is_meant_too() -> None:
    added = RowChange("todos", "inserted", ("1",), (), (("id", "1"),))
    control = observe(answer("{}", status=201), rows=(added,), statements=("INSERT todos",))
    refused = step(control, observe(answer("{}", status=404)))
    rule = IgnoreRule("status", "our clients know 404")
    (result,) = judged(refused, policy=ComparisonPolicy(rules=(rule,)))
    assert [(one.difference.where, one.disposition, one.reason, one.cause) for one in result.verdicts] == [
        ("status", Disposition.IGNORED, rule.reason, ""),
        ("effect.rows.todos", Disposition.IGNORED, rule.reason, "not-run"),
    ]
    (result,) = judged(refused)
    assert {one.disposition for one in result.verdicts} == {Disposition.MISMATCH}
    same = step(control, observe(answer("{}", status=201)))
    (result,) = judged(same, policy=ComparisonPolicy(rules=(rule,)))
    assert [one.disposition for one in result.verdicts] == [Disposition.MISMATCH]


@pytest.mark.parametrize(
    ("control", "candidate", "covered"),
    [
        (answer("", "text/html", "Vary: Cookie", status=404), answer("", "text/html", "Allow: GET", status=405), True),
        (answer('{"a": 1}', status=400), answer('{"b": 1}', status=422), False),
        (answer('{"a": 1}', status=200), answer('{"b": 1}', status=404), True),
        (answer('{"a": 1}', status=404), answer('{"b": 1}', status=200), False),
        (answer('{"a": 1}', status=200), answer('{"b": 1}', status=500), False),
        (answer("x", "text/html", status=302), answer("y", "text/plain", status=405), True),
        (answer('{"a": 1}', status=200), answer('{"b": 1}', status=201), False),
        (answer("", "text/html", "Vary: Cookie", status=201), answer("", "text/html", status=200), False),
        (answer("", "text/html", "Set-Cookie: a=b", status=302), answer("", "text/html", status=404), True),
        (answer("", "text/html", status=302), answer("", "text/html", "Set-Cookie: a=b", status=404), False),
        (answer("", status=400), answer("", "application/json", "Access-Control-Allow-Origin: *", status=422), False),
        (answer("", "application/json", "X-Frame-Options: DENY", status=400), answer("", status=422), False),
        (answer("", "application/json", "WWW-Authenticate: Basic", status=401), answer("", status=403), False),
        (answer("", "application/json", "Retry-After: 9", status=429), answer("", status=503), False),
    ],
)
def test_what_follows_from_an_ignored_status_is_ignored_with_it(
    control: Response, candidate: Response, covered: bool
) -> None:
    named = IgnoreRule("status", "meant", control=str(control.status), candidate=str(candidate.status))
    (result,) = judged(step(control, candidate), policy=ComparisonPolicy(rules=(named,)))
    assert result.outcome is (Outcome.IGNORED if covered else Outcome.MISMATCHED)
    for policy in (ComparisonPolicy(), ComparisonPolicy(rules=(STATUS,))):
        (result,) = judged(step(control, candidate), policy=policy)
        assert result.outcome is Outcome.MISMATCHED


def test_of_what_was_not_watched_nothing_is_said() -> None:
    added = RowChange("todos", "inserted", ("1",), (), (("id", "1"),))
    wrote = observe(answer("1"), rows=(added,), statements=("INSERT todos",), errors=("shop: lost",))
    for compared in (step(wrote, Observation(answer("1"))), step(Observation(answer("1")), wrote)):
        (result,) = judged(compared)
        assert (result.outcome, result.verdicts) == (Outcome.MATCHED, ())


# --- authentication and secrets ---


def test_weaker_access_counts_where_nothing_differs() -> None:
    hidden = Observation(answer("{}", status=404), access=Access(True, "require_login"))
    missing = Observation(answer("{}", status=404), access=Access(False, "current_user"))
    (result,) = judged(step(hidden, missing))
    assert (result.outcome, dispositions(result)) == (Outcome.MISMATCHED, [("authentication", "mismatch")])


LOOSER = step(answer("{}", status=401), answer("{}", status=200))


def dispositions(result: ParityResult) -> list[tuple[str, str]]:
    return [(verdict.difference.where, verdict.disposition.value) for verdict in result.verdicts]


@pytest.mark.parametrize("credential", ["given", "anonymous", "wrong", "other-user", "no-csrf"])
def test_weaker_access_is_a_mismatch_whatever_is_ignored(credential: str) -> None:
    rules = (STATUS, IgnoreRule("authentication", "meant", route="GET /todos"), IgnoreRule("header.*", "meant"))
    (result,) = judged(LOOSER, policy=ComparisonPolicy(rules=rules), credential=credential)
    assert result.outcome is Outcome.MISMATCHED
    assert dispositions(result) == [("authentication", "mismatch"), ("status", "ignored")]


def test_somebody_may_answer_for_it() -> None:
    approved = IgnoreRule("authentication", "public by now", route="GET /todos", approved_by="ann")
    (result,) = judged(LOOSER, policy=ComparisonPolicy(rules=(STATUS, approved)), credential="anonymous")
    assert result.outcome is Outcome.IGNORED
    assert dispositions(result) == [("authentication", "ignored"), ("status", "ignored")]


def test_noise_never_covers_it() -> None:
    repeats = [answer("{}", status=status) for status in (200, 403, 500)]
    (result,) = judged(step(answer("{}", status=401), answer("{}"), *repeats))
    assert dispositions(result) == [("authentication", "mismatch"), ("status", "mismatch")]


def test_an_echoed_secret_is_a_mismatch_whatever_is_ignored() -> None:
    request = Request("POST", b"/login", headers("Content-Type: application/json"), b'{"password":"hunter22"}')
    pair = step(answer("{}", status=400), answer('{"input":"hunter22"}', status=400), request=request)
    (result,) = judged(
        pair, policy=ComparisonPolicy(rules=(IgnoreRule("body.*", "meant"), IgnoreRule("secret", "meant")))
    )
    assert result.outcome is Outcome.MISMATCHED
    assert dispositions(result) == [("secret", "mismatch"), ("body.input", "ignored")]
    assert "hunter22" not in str(result.verdicts[0])


# --- many ---


def test_thousands_of_differences_are_judged_all_and_kept_in_part() -> None:
    control = ",".join('{"a":1,"b":1}' for _ in range(500))
    candidate = ",".join(f'{{"a":2,"b":{2 if index == 499 else 1}}}' for index in range(500))
    pair = step(answer(f"[{control}]"), answer(f"[{candidate}]"))
    (result,) = judged(pair, policy=ComparisonPolicy(rules=(IgnoreRule("body[*].a", "meant"),)))
    assert result.outcome is Outcome.MISMATCHED
    assert len(result.verdicts) == MAX_VERDICTS + 1
    assert ("body[499].b", "mismatch") in dispositions(result)
    assert dispositions(result)[-1] == ("more", "ignored")
    assert result.verdicts[-1].difference.candidate == "301 more differences"


@pytest.mark.parametrize(
    ("items", "last"),
    [(MAX_VERDICTS, None), (MAX_VERDICTS + 1, "1 more difference"), (MAX_VERDICTS + 1_000, "1,000 more differences")],
)
def test_what_is_beyond_the_most_is_counted(items: int, last: str | None) -> None:
    (result,) = judged(step(answer(f"[{','.join('1' * items)}]"), answer(f"[{','.join('2' * items)}]")))
    found = [verdict.difference for verdict in result.verdicts]
    assert found[MAX_VERDICTS - 1] == Difference(f"body[{MAX_VERDICTS - 1}]", "1", "2")
    assert found[MAX_VERDICTS:] == ([Difference("more", None, last)] if last else [])


def test_what_was_cut_off_keeps_its_worst_disposition() -> None:
    sides = (f"[{','.join(one * 500)}]" for one in "12")
    (result,) = judged(step(*map(answer, sides)), policy=ComparisonPolicy(rules=(IgnoreRule("body[0]", "meant"),)))
    assert dispositions(result)[-1] == ("more", "mismatch")


def test_errors_of_both_sides_match() -> None:
    (result,) = judged(step(observe(error="ValueError: a"), observe(error="ValueError: b")))
    assert result.outcome is Outcome.MATCHED
