"""A check says nothing of a right value, and of a wrong one what it is and what to write."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.config import checks
from gateway.config.checks import Check

RIGHT: list[tuple[Check, Any]] = [
    (checks.text("!"), " a"),
    (checks.of_type(str, "!"), ""),
    (checks.of_type(dict, "!"), {}),
    (checks.FLAG, False),
    (checks.matching("a+", "!"), "aa"),
    (checks.number(lambda value: value < 2, "!"), 1),
    (checks.number(lambda value: value < 2, "!"), -1.5),
    (checks.count("!"), 1),
    (checks.tables("!"), []),
    (checks.tables("!", min_length=1), [{}]),
    (checks.word(["a", "b"]), "b"),
]


@pytest.mark.parametrize(("check", "value"), RIGHT)
def test_a_right_value_has_no_complaint(check: Check, value: Any) -> None:
    assert check(value) == ""


WRONG: list[tuple[Check, Any, str]] = [
    (checks.text("is no text"), " ", '" " is no text'),
    (checks.text("is no text"), 1.5, "1.5 is no text"),
    (checks.of_type(dict, "is no table"), [], "[] is no table"),
    (checks.FLAG, 1, "1 is not true or false"),
    (checks.matching("a+", "is no a"), "ab", '"ab" is no a'),
    (checks.matching("a+", "is no a"), True, "true is no a"),
    (checks.number(lambda value: value < 2, "is not below 2"), 2, "2 is not below 2"),
    (checks.number(lambda value: value < 2, "is not below 2"), True, "true is not below 2"),
    (checks.count("is no count"), 0, "0 is no count"),
    (checks.count("is no count"), 1.0, "1.0 is no count"),
    (checks.count("is no count"), True, "true is no count"),
    (checks.of_type(dict, "write a table", shows_value=False), 1, "write a table"),
    (checks.tables("no tables"), [{}, 1], "no tables"),
    (checks.tables("no tables"), {}, "no tables"),
    (checks.tables("no tables", min_length=1), [], "no tables"),
    (checks.word(["left", "right"]), "lift", '"lift" is none of "left", "right"; did you mean "left"?'),
    (checks.word(["left", "right"]), "zzz", '"zzz" is none of "left", "right"'),
    (checks.word(["left", "right"]), ["left"], '[\'left\'] is none of "left", "right"'),
    (checks.word(["left"], gone={"sinister": 'is "left" now'}), "sinister", '"sinister" is "left" now'),
    (checks.text("is no text"), date(2030, 1, 2), "2030-01-02 is no text"),
]


@pytest.mark.parametrize(("check", "value", "complaint"), WRONG)
def test_a_wrong_value_is_shown_with_what_to_do(check: Check, value: Any, complaint: str) -> None:
    assert check(value) == complaint
