"""A run that requires PostgreSQL or Chromium is red unless their tests have run; any other run says what it skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.inner_pytest import run_pytest

pytestmark = [pytest.mark.long, pytest.mark.process]

PLAIN = "import pytest\ndef test_plain(): pass\n"
MARKED = "".join(f"@pytest.mark.{marker}\ndef test_{marker}(): pass\n" for marker in ("browser", "postgresql"))
SKIPPED = "@pytest.mark.browser\ndef test_skipped(): pytest.skip('no reason')\n"
ASKING = "def test_browser(browser): pass\ndef test_postgresql(postgresql_url): pass\n"
BOTH = "browser, postgresql"


def unmet(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("GATEWAY_REQUIRE: ")]


def test_a_test_of_each_that_passes_is_enough(tmp_path: Path) -> None:
    code, output = run_pytest(tmp_path, PLAIN + MARKED, require=BOTH)
    assert (code, unmet(output)) == (0, [])


@pytest.mark.parametrize("arguments", [("-m", "not browser and not postgresql"), ("-k", "plain")])
def test_a_run_without_them_fails(tmp_path: Path, arguments: tuple[str, str]) -> None:
    code, output = run_pytest(tmp_path, PLAIN + MARKED, *arguments, require=BOTH)
    assert "1 passed, 2 deselected" in output
    sentences = [f"GATEWAY_REQUIRE: no test marked {marker} has run" for marker in ("browser", "postgresql")]
    assert (code, unmet(output)) == (1, sentences)


def test_a_run_that_skips_one_of_them_fails(tmp_path: Path) -> None:
    code, output = run_pytest(tmp_path, PLAIN + MARKED + SKIPPED, require=BOTH)
    sentence = "GATEWAY_REQUIRE: test_it.py::test_skipped is marked browser and was skipped"
    assert (code, unmet(output)) == (1, [sentence])


@pytest.mark.parametrize(
    ("require", "chosen", "code", "outcome"),
    [("", "sqlite", 0, "2 skipped"), ("", "postgresql", 1, "1 skipped, 1 error"), (BOTH, "sqlite", 1, "2 errors")],
)
def test_what_is_absent_is_named_with_how_to_get_it(
    tmp_path: Path, require: str, chosen: str, code: int, outcome: str
) -> None:
    found, output = run_pytest(tmp_path, ASKING, "--store", chosen, require=require, bare=True)
    assert found == code
    assert outcome in output
    assert "Chromium or its driver is not installed: apt-get install chromium chromium-driver" in output
    assert "PostgreSQL is not installed: apt-get install postgresql" in output


def test_a_name_that_is_no_requirement_is_refused(tmp_path: Path) -> None:
    code, output = run_pytest(tmp_path, PLAIN, require="postgres")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "GATEWAY_REQUIRE: postgres: none of browser, postgresql" in output
