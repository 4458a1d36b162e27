"""The [parity] table becomes a ComparisonPolicy and ReplaySettings, or all its faults with line, key and what to do."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from gateway.comparing.policy import ComparisonPolicy, IgnoreRule
from gateway.config.map_file import parse_map
from gateway.config.parity_table import ReplaySettings

EXAMPLE = """\
[gateway]

[parity]
corpus = "cases"
store = "postgresql://parity"
database = "sqlite:///app.sqlite3"
min_requests = 20
timeout_seconds = 2.5
freeze = false
json_mode = "canonical"
environment = { DATABASE_URL = "{database}", MODE = "test" }

[parity.arguments]
database_url = "{database}"

[parity.exclude]
"GET /admin/" = "other pages"

[[parity.ignore]]
where = "header.vary"
reason = "the new side varies by nothing"

[[parity.ignore]]
route = "GET /todos"
where = "authentication"
reason = "public by now"
expires = 2030-12-31
approved_by = "ann"
"""


SETTINGS = ["corpus", "store", "database", "environment", "pass_environment"]
SETTINGS += ["arguments", "base_url", "min_requests", "timeout_seconds", "freeze", "json_mode", "exclude", "ignore"]


def faults_of(*lines: str) -> list[str]:
    """The faults of lines under [parity]; the first stands on line 3."""
    return [str(fault) for fault in parse_map("\n".join(["[gateway]", "[parity]", *lines]), "m.toml").faults]


def test_a_table_becomes_settings_and_a_policy() -> None:
    map_ = parse_map(EXAMPLE).checked()
    assert map_.replay == ReplaySettings(
        corpus="cases",
        store="postgresql://parity",
        database="sqlite:///app.sqlite3",
        environment=(("DATABASE_URL", "{database}"), ("MODE", "test")),
        exclude=(("GET /admin/", "other pages"),),
        arguments=(("database_url", "{database}"),),
        min_requests=20,
        timeout_seconds=2.5,
        freeze=False,
    )
    assert map_.comparison == ComparisonPolicy(
        json_mode="canonical",
        rules=(
            IgnoreRule("header.vary", "the new side varies by nothing", line=19),
            IgnoreRule("authentication", "public by now", "GET /todos", date(2030, 12, 31), "ann", line=23),
        ),
    )


def test_without_a_table_everything_has_its_default() -> None:
    for text in ("[gateway]\n", "[gateway]\n[parity]\n"):
        map_ = parse_map(text).checked()
        assert (map_.comparison, map_.replay) == (ComparisonPolicy(), ReplaySettings())


def test_rules_may_stand_in_one_list() -> None:
    text = '[gateway]\n[parity]\nignore = [\n  { where = "status", reason = "x" },\n]\n'
    assert parse_map(text).checked().comparison.rules == (IgnoreRule("status", "x", line=3),)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("corpus = 1", '3: parity.corpus: 1 is not a directory, "corpus"'),
        ('corpus = " "', '3: parity.corpus: " " is not a directory, "corpus"'),
        ("store = []", '3: parity.store: [] is not a database URL, "sqlite:///.gateway/parity.sqlite3"'),
        ("database = true", '3: parity.database: true is not a database URL, "sqlite:///app.sqlite3"'),
        ('base_url = "shop.test"', '3: parity.base_url: "shop.test" is not a scheme and a host, "https://shop.example"'),
        ('base_url = "http://a/b"', '3: parity.base_url: "http://a/b" is not a scheme and a host, "https://shop.example"'),
        ("min_requests = 0", "3: parity.min_requests: 0 is not a whole number above 0"),
        ("min_requests = 2.5", "3: parity.min_requests: 2.5 is not a whole number above 0"),
        ("min_requests = true", "3: parity.min_requests: true is not a whole number above 0"),
        ("timeout_seconds = 0", "3: parity.timeout_seconds: 0 is not a number of seconds above 0"),
        ("timeout_seconds = inf", "3: parity.timeout_seconds: inf is not a number of seconds above 0"),
        ("timeout_seconds = nan", "3: parity.timeout_seconds: nan is not a number of seconds above 0"),
        ('freeze = "yes"', '3: parity.freeze: "yes" is not true or false'),
        ('json_mode = "exact"', '3: parity.json_mode: "exact" is not "typed", "canonical" or "bytes"'),
        ("json_mode = []", '3: parity.json_mode: [] is not "typed", "canonical" or "bytes"'),
        (
            'environment = "A=b"',
            '3: parity.environment: "A=b" is not a table of texts, { DATABASE_URL = "{database}" }',
        ),
        ("environment = { PORT = 5 }", "3: parity.environment.PORT: 5 is not a text"),
        ("pass_environment = 'A'", '3: parity.pass_environment: "A" is not a list of names, ["SECRET_KEY"]'),
        ("pass_environment = [1]", '3: parity.pass_environment: [1] is not a list of names, ["SECRET_KEY"]'),
        ("arguments = { debug = true }", "3: parity.arguments.debug: true is not a text"),
        ('min_request = 5', '3: parity.min_request: unknown setting "min_request"; did you mean "min_requests"?'),
        ('ignored = 5', '3: parity.ignored: unknown setting "ignored"; did you mean "ignore"?'),
        ("zzz = 5", f'3: parity.zzz: unknown setting "zzz"; known are {", ".join(SETTINGS)}'),
        ("ignore = 5", "3: parity.ignore: not a list of tables; write [[parity.ignore]] above each rule"),
        ('ignore = ["status"]', "3: parity.ignore: not a list of tables; write [[parity.ignore]] above each rule"),
    ],
)  # fmt: skip
def test_a_faulty_setting(line: str, fault: str) -> None:
    assert faults_of(line) == [f"m.toml:{fault}"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('reason = ""', '.reason: "" is not a text that says why the difference is meant'),
        ("where = 1", '.where: 1 is not a place, "header.vary" or "body.items[*].price"'),
        ('expires = "2030-01-01"', '.expires: "2030-01-01" is not a day without quotes, 2030-12-31'),
        ("expires = 2030-01-01T00:00:00", ".expires: 2030-01-01 00:00:00 is not a day without quotes, 2030-12-31"),
        ("approved_by = 1", ".approved_by: 1 is not a text that says who answers for it"),
        ('cause = "head-methd"', '.cause: "head-methd" is no known cause; did you mean "head-method"?'),
        ('raeson = "x"', '.raeson: unknown setting "raeson"; did you mean "reason"?'),
    ],
)
def test_a_faulty_rule_has_the_line_of_its_own_table(line: str, fault: str) -> None:
    good = {"where": 'where = "status"', "reason": 'reason = "x"'}
    others = [text for name, text in good.items() if not line.startswith(name)]
    header = "[[parity.ignore]]"
    found = faults_of(header, *good.values(), header, line, *others, header, *good.values())
    assert found == [f"m.toml:7: parity.ignore{fault}"]


NO_PLACES = """
cookie.session* header.Vary heder.vary body.items[x] body-items status.code effect.row.todos
body.a* effects.files ** body[* header.*.* Status
"""
PLACES = """
status error framing header.vary header.x-frame-options header.* cookie.session cookie.session.* cookie.a_b-c.max-age
cookie.* body body.* body.bytes body[0].data body[*].* body.items[2].price body.items[*].price body.html[1].p effect.*
effect.outbound effect.rows.* effect.rows.shop.todos.title effect.statements.SELECT effect.open_connections
"""


@pytest.mark.parametrize("where", NO_PLACES.split())
def test_a_place_that_no_difference_has_is_a_fault(where: str) -> None:
    (found,) = faults_of("[[parity.ignore]]", f'where = "{where}"', 'reason = "x"')
    assert found.startswith(f'm.toml:4: parity.ignore.where: "{where}" is no place that can differ; write "status", ')


@pytest.mark.parametrize("where", [*PLACES.split(), 'body["a b*"].c', "effect.statements.SELECT todos"])
def test_a_place_that_a_difference_may_have_is_none(where: str) -> None:
    assert faults_of("[[parity.ignore]]", f"where = '{where}'", 'reason = "x"') == []


@pytest.mark.parametrize(
    ("old", "new"), [("minimum", "min_requests"), ("timeout", "timeout_seconds"), ("leave_out", "exclude")]
)
def test_a_setting_of_an_older_version_is_told_its_new_name(old: str, new: str) -> None:
    assert faults_of(f"{old} = 5") == [f'm.toml:3: parity.{old}: is called "{new}" now']


def test_a_rule_says_where_and_why() -> None:
    assert faults_of("[[parity.ignore]]", "[[parity.ignore]]", 'route = "GET /x"')[2:] == [
        'm.toml:4: parity.ignore: no where; write where = "header.vary"',
        'm.toml:4: parity.ignore: no reason; write reason = "why it is meant"',
    ]


def test_a_table_that_is_none() -> None:
    found = parse_map("parity = 5\n[gateway]\n", "m.toml").faults
    assert list(map(str, found)) == ["m.toml:1: parity: not a table; write [parity] on a line of its own"]


def test_a_rule_for_any_place_names_a_cause() -> None:
    anywhere = ["[[parity.ignore]]", 'where = "*"', 'reason = "meant"']
    assert faults_of(*anywhere) == ['m.toml:4: parity.ignore.where: "*" is any place: name a cause, or the place']
    assert faults_of(*anywhere, 'cause = "head-method"') == []


def test_faults_stand_beside_those_of_the_rest_of_the_map() -> None:
    text = '[gateway]\ndefault = "nwe"\n[parity]\nmin_requests = 0\n'
    assert [fault.line for fault in parse_map(text).faults] == [2, 4]


# --- the documentation ---

PAGE = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")


def test_the_documented_table_is_a_good_one() -> None:
    (example,) = re.findall(r"```toml\n(\[parity\].*?)```", PAGE, re.DOTALL)
    map_ = parse_map(f"[gateway]\n{example}").checked()
    assert [rule.where for rule in map_.comparison.rules] == ["header.vary", "authentication"]
    assert [name for name in SETTINGS if not re.search(rf"^(\[\[parity\.)?{name}\b", example, re.MULTILINE)] == []
    assert map_.comparison.json_mode == ComparisonPolicy().json_mode
    documented = [field.name for field in fields(ReplaySettings) if getattr(map_.replay, field.name) == field.default]
    assert documented == ["corpus", "store", "min_requests", "timeout_seconds", "freeze"]
