"""The document of deliberate differences: every rule by its route, with why, who and a sample."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.comparing.policy import IgnoreRule
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from gateway.evidence.differences_document import differences_document
from gateway.http.message import Request
from tests.evidence.proofs import prove
from tests.support.projects import project_in

TODAY = date(2026, 11, 20)


def result(
    where: str,
    control: str | None,
    candidate: str | None,
    reason: str,
    disposition: Disposition = Disposition.IGNORED,
    target: bytes = b"/a",
) -> ParityResult:
    verdict = Verdict(Difference(where, control, candidate), disposition, reason)
    return ParityResult("case", 0, "GET /a", Request("GET", target), None, None, (verdict,), Outcome.IGNORED)


def document(*rules: IgnoreRule, results: tuple[ParityResult, ...] = ()) -> str:
    return differences_document(rules, results, TODAY)


def test_without_rules_it_says_so() -> None:
    assert document() == (
        "# Deliberate differences\n\nNone is declared: every difference that a parity run finds is a fault to mend.\n"
    )


def test_rules_stand_by_route_with_all_that_the_map_says_of_them() -> None:
    text = document(
        IgnoreRule("body.price", "a *number* now", "GET /b", date(2027, 1, 31), "Ada"),
        IgnoreRule("header.server", "  nobody\n reads it "),
        IgnoreRule("status", "404 was wrong", "GET /a", date(2026, 11, 19)),
    )
    assert text == (
        """\
# Deliberate differences

Where the new side's answers differ from the old one's on purpose, and why.

## Every route

### `header.server`

nobody reads it

## `GET /a`

### `status`

404 was wrong

Expired on 2026-11-19.

## `GET /b`

### `body.price`

a \\*number\\* now

Approved by Ada. Until 2027-01-31.
"""
    )


def test_a_rule_shows_the_first_place_that_it_ignored() -> None:
    rule = IgnoreRule("body.items[*].price", "a number", "GET /a")
    text = document(
        rule,
        results=(
            result("body.items[0].price", '"1"', "1", "a number", Disposition.MISMATCH),
            result("body.items[0].price", '"1"', "1", "another rule"),
            result("body.items[0].name", '"1"', "1", "a number"),
            result("body.items[3].price", '"2.50"', None, "a number", target=b"/a?q=`\xff"),
            result("body.items[4].price", '"7"', "7", "a number"),
        ),
    )
    assert text.endswith(
        """\
a number

``GET /a?q=`\\xff``, `body.items[3].price`:

- before: `"2.50"`
- now: (absent)
"""
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", "(empty)"),
        (" ", "` `"),
        ("a\nb", "`a b`"),
        ("`", "`` ` ``"),
        ("a``b`", "``` a``b` ```"),
        ("x" * 201, f"`{'x' * 200}...`"),
        ("<b>|*", "`<b>|*`"),
    ],
)
def test_a_value_of_any_text_stays_one_code_span(value: str, shown: str) -> None:
    text = document(IgnoreRule("header.x", "r"), results=(result("header.x", value, "1", "r"),))
    assert f"- before: {shown}\n" in text


MAP = """
    [gateway]
    legacy = "shop:app"
    new = "new_shop:app"
    [routes]
    "GET /a" = "legacy"
    [[parity.ignore]]
    where = "header.x"
    reason = "nobody reads it"
"""


def test_the_command_reads_the_map_and_the_last_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with project_in(tmp_path) as project:
        project.write("shop.py", 'import flask\napp = flask.Flask(__name__)\n@app.get("/a")\ndef a(): return "a"')
        project.write("new_shop.py", 'import fastapi\napp = fastapi.FastAPI()\n@app.get("/a")\ndef a(): return "a"')
        map_ = project.write("migration_map.toml", MAP)
        monkeypatch.setattr(sys, "argv", ["gateway", "differences"])
        main_ended(0)
        without = capsys.readouterr().out
        assert without.endswith("### `header.x`\n\nnobody reads it\n")
        assert not (tmp_path / ".gateway").exists()
        prove(map_, "GET /a", results=(result("header.x", "1", "2", "nobody reads it"),))
        monkeypatch.setattr(sys, "argv", ["gateway", "differences", "-o", "differences.md"])
        main_ended(0)
        assert capsys.readouterr().out == "wrote differences.md\n"
        sample = "\n`GET /a`, `header.x`:\n\n- before: `1`\n- now: `2`\n"
        assert project.read("differences.md") == without + sample


def main_ended(code: int) -> None:
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == code
