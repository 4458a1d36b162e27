"""Noise is what legacy says differently when asked again: word by word, and never in what matters."""

from __future__ import annotations

import json

import pytest

from gateway.comparing.diff.comparison import compare
from gateway.comparing.noise import Noise
from gateway.comparing.observation import Observation, RowChange
from gateway.comparing.result import Difference
from tests.comparing.answers import JSON, answer, observe, step

UUIDS = ("3f0e-aa", "77c1-0b", "9d24-5e", "c001-d0")


def covers(where: str, control: str | None, candidate: str | None, *repeats: Observation) -> bool:
    """Whether the noise of four answers of legacy, the first the control's, covers a difference."""
    noise = Noise(step(repeats[0], repeats[0], *repeats[1:]), "typed")
    return bool(noise.reason_for(Difference(where, control, candidate)))


def stamps(*values: str) -> tuple[Observation, ...]:
    return tuple(observe(answer(json.dumps({"items": [{"at": value, "n": 1}]}))) for value in values)


DATES = stamps("at 10:04:05 by ann", "at 11:14:25 by ann", "at 12:24:35 by ann", "at 13:34:45 by ann")


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        ('"at 10:04:06 by ann"', True),
        ('"at 23:59:59 by ann"', True),
        ('"at 10:04:05 by bob"', False),
        ('"at 10:04 by ann"', False),
        ('"at 10-04-05 by ann"', False),
        ('"at xx:04:05 by ann"', False),
        ('"at 10:04:1700000000 by ann"', False),
        ('""', False),
        ("100405", False),
        ("null", False),
        (None, False),
    ],
)
def test_words_that_vary_may_vary(candidate: str | None, expected: bool) -> None:
    assert covers("body.items[0].at", '"at 10:04:05 by ann"', candidate, *DATES) is expected


def test_another_location_is_not_covered() -> None:
    assert not covers("body.items[0].n", "1", "2", *DATES)
    assert not covers("body.items", "(1 item)", "(2 items)", *DATES)
    assert not covers("body.items[1].n", "1", "2", *DATES)


def test_the_same_field_of_another_item_is() -> None:
    assert covers("body.items[7].at", '"at 10:04:05 by ann"', '"at 10:04:06 by ann"', *DATES)


@pytest.mark.parametrize("repeats", [0, 1, 2])
def test_too_few_repeats_teach_nothing(repeats: int) -> None:
    few = DATES[: repeats + 1]
    assert not covers("body.items[0].at", '"at 10:04:05 by ann"', '"at 10:04:06 by ann"', *few)


def test_a_value_without_a_constant_frame_is_noise_as_a_whole() -> None:
    tokens = stamps("aX-9", "b_8w", "-0-c", "d.7")
    assert covers("body.items[0].at", '"aX-9"', '"-zz-"', *tokens)
    assert not covers("body.items[0].at", '"aX-9"', "5", *tokens)


def test_a_text_body_is_only_noise_within_its_frame() -> None:
    pages = [observe(answer(f"id {one}, total 5", "text/plain")) for one in UUIDS]
    assert covers("body", "id 3f0e-aa, total 5", "id ffff-ff, total 5", *pages)
    assert not covers("body", "id 3f0e-aa, total 5", "id ffff-ff, total 6", *pages)
    loose = [observe(answer(text, "text/plain")) for text in ("a b", "a-b-c", "a", "a.b")]
    assert not covers("body", "a b", "x!", *loose)


def test_a_value_of_two_frames_keeps_to_them() -> None:
    times = stamps("2024-01-02T03:04:05", "2024-01-02T04:05:06.5", "2024-01-02T05:06:08", "2024-01-02T06:07:09.5")
    assert covers("body.items[0].at", '"2024-01-02T03:04:05"', '"2024-01-02T03:04:06"', *times)
    assert covers("body.items[0].at", '"2024-01-02T03:04:05"', '"2024-01-02T03:04:05.1"', *times)
    assert not covers("body.items[0].at", '"2024-01-02T03:04:05"', '"Tue, 02 Jan 2024 03:04:05 GMT"', *times)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [("6", True), ("0.412", True), ("1.2e2", True), ("123.4", True), ("12345.6", False), ('"6"', False), ("-6", False)],
)
def test_a_measured_time_is_one_number_with_or_without_decimals(candidate: str, expected: bool) -> None:
    answers = [observe(answer(f'{{"ms": {value}}}')) for value in ("5.79", "6", "5.8e1", "12.25")]
    assert covers("body.ms", "5.79", candidate, *answers) is expected
    timings = [observe(answer("1", JSON, f"Server-Timing: db;dur={value}")) for value in ("5.79", "6", "58.1", "12.25")]
    line = f"db;dur={candidate}"
    assert covers("header.server-timing", "db;dur=5.79", line, *timings) is expected
    assert not covers("header.server-timing", "db;dur=5.79", "cache;dur=5.79", *timings)


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        (("1250", "1300", "1275", "1290"), "12.5"),
        (("1700000000", "1700000010", "1700000020", "1700000030"), "1700000050.0"),
        (('"took 5.2ms"', '"took 6.2ms"', '"took 7ms"', '"took 5.9ms"'), '"took 5.2s"'),
        (('"1.5.2024"', '"2.5.2024"', '"3.5.2024"', '"4.5.2024"'), '"1.5.2025"'),
    ],
)
def test_whole_numbers_stay_whole_and_units_stay(control: tuple[str, ...], candidate: str) -> None:
    answers = [observe(answer(f'{{"x": {value}}}')) for value in control]
    assert not covers("body.x", control[0], candidate, *answers)
    assert covers("body.x", control[0], control[-1], *answers)


def test_a_token_in_a_cookie_may_have_any_letters_of_base64() -> None:
    lines = (f"Set-Cookie: s=eyJh.{one}; Path=/" for one in ("abc", "def", "ghi", "jkl"))
    legacy = [observe(answer("1", JSON, line)) for line in lines]
    assert covers("cookie.s.value", "eyJh.abc", "eyJh.a-/=", *legacy)
    assert not covers("cookie.s.value", "eyJh.abc", "eyJx.a-/=", *legacy)
    assert not covers("cookie.s.value", "eyJh.abc", "a-/=", *legacy)


def test_what_is_not_shown_whole_is_never_noise() -> None:
    pages = [observe(answer(f"{one} {'x' * 3_000}", "text/plain")) for one in UUIDS]
    noise = Noise(step(*pages[:1], *pages), "typed")
    (difference,) = compare(pages[0], pages[1], method="GET")
    assert not noise.reason_for(difference)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("X-Request-Id: {}", "header.x-request-id"),
        ("Set-Cookie: session={}; Path=/", "cookie.session.value"),
        ("Location: /login?next={}", "header.location"),
        ("ETag: {}", "header.etag"),
    ],
)
def test_headers_and_values_of_cookies_may_be_noise(line: str, where: str) -> None:
    texts = [
        line.partition(": ")[2].partition(";")[0].removeprefix("session=").format(one) for one in (*UUIDS, "ab-cd")
    ]
    assert covers(where, texts[0], texts[-1], *(observe(answer("1", "text/plain", line.format(one))) for one in UUIDS))


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("WWW-Authenticate: Digest nonce={}", "header.www-authenticate"),
        ("Content-Type: text/plain; v={}", "header.content-type"),
        ("Set-Cookie: a=1; Path=/{}", "cookie.a.path"),
        ("Set-Cookie: a=1; Max-Age={}", "cookie.a.max-age"),
        ("Set-Cookie: c{}=1", "cookie.c3f0e-aa"),
        ("Location: /x/{}", "header.location"),
        ("Location: http://{}/x?y=1", "header.location"),
    ],
)
def test_what_matters_is_never_noise(line: str, where: str) -> None:
    legacy = [observe(answer("1", "text/plain", line.format(one))) for one in UUIDS]
    value = line.partition(": ")[2]
    assert not covers(where, value.format(UUIDS[0]), value.format("ab-cd"), *legacy)


@pytest.mark.parametrize(
    "where", ["status", "error", "authentication", "secret", "framing", "effect.statements.SELECT a", "more"]
)
def test_some_locations_are_never_noise(where: str) -> None:
    legacy = [
        observe(answer("1", status=status), error=f"E{status}: x", statements=("SELECT a",) * (status - 499))
        for status in (500, 501, 502, 503)
    ]
    assert not covers(where, "500", "501", *legacy)


def test_a_flaky_shape_of_legacy_covers_nothing() -> None:
    legacy = [observe(answer(body)) for body in ('{"a":1}', "{}", '{"a":null}', '{"a":2}')]
    assert not covers("body.a", "1", None, *legacy)
    assert not covers("body.a", "1", "3", *legacy)


def test_values_in_rows_may_be_noise_and_their_number_not() -> None:
    legacy = [
        observe(rows=tuple(RowChange("t", "inserted", (str(n),), (), (("at", f'"{one}"'),)) for n in range(index + 1)))
        for index, one in enumerate(UUIDS)
    ]
    assert covers("effect.rows.t.at", '"3f0e-aa"', '"ffff-ff"', *legacy)
    assert not covers("effect.rows.t.at", '"3f0e-aa"', '"ffff"', *legacy)
    assert not covers("effect.rows.t", "(1 inserted)", "(2 inserted)", *legacy)


def test_the_reason_says_what_was_seen() -> None:
    noise = Noise(step(DATES[0], DATES[0], *DATES[1:]), "typed")
    difference = Difference("body.items[0].at", '"at 10:04:05 by ann"', '"at 10:04:06 by ann"')
    assert noise.reason_for(difference) == "legacy's own noise: 4 values here in 4 answers"
