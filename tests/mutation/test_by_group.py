"""Origins of cases -> a table of the groups that found defects."""

from __future__ import annotations

import pytest

from gateway.parity.generating.variation import Group
from tests.mutation.by_group import RECORDED, group_of, table


@pytest.mark.parametrize(
    ("origin", "group"),
    [
        ("json field title: empty", "json field"),
        ("limit of json field title: 'x'", "limit of json field"),
        ("form field form: comes twice", "form field"),
        ("form: empty", "form"),
        ('valid request 2: lent login of "a"', "valid request"),
        ('anonymous variant of "a", recorded from tests/test_a.py::test_a', "anonymous variant"),
        ("recorded from tests/test_a.py::test_a", RECORDED),
    ],
)
def test_the_group_of_an_origin(origin: str, group: str) -> None:
    assert group_of(origin) == group


def test_groups_in_the_order_of_what_they_found() -> None:
    cases = ["query a: missing", "query b: missing", "method: HEAD", "recorded from tests/test_a.py::test_a"]
    lines = list(table(cases, [cases[3], cases[0], cases[3]]))
    assert lines[:4] == [
        "group                         cases  found first",
        "recorded case                     1            2",
        "query                             2            1",
        "method                            1            0",
    ]
    assert lines[4] == "found nothing: method"
    assert len(lines[5].split(", ")) == len(Group) - 2
