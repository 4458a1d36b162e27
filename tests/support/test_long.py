"""The long tests run where `-m` asks for them and nowhere else; a property is in both, there with all its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.inner_pytest import run_pytest

pytestmark = [pytest.mark.long, pytest.mark.process]

TESTS = """
import pytest
from hypothesis import given, settings, strategies

@pytest.mark.long
def test_long(): pass

def test_short(): pass

@given(strategies.none())
def test_property(_none):
    assert settings().max_examples == EXAMPLES
"""


@pytest.mark.parametrize(
    ("marks", "examples", "names"),
    [
        ("not process and not long", 20, ["short", "property"]),
        ("long", 100, ["long", "property"]),
        ("long or not long", 100, ["long", "short", "property"]),
    ],
)
def test_long_tests_are_asked_for(tmp_path: Path, marks: str, examples: int, names: list[str]) -> None:
    _, output = run_pytest(tmp_path, TESTS.replace("EXAMPLES", str(examples)), "-rp", "-m", marks)
    assert re.findall(r"^PASSED test_it.py::test_(\w+)$", output, re.MULTILINE) == names
