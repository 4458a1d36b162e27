"""Where each key stands: over random TOML, every line is of one statement, or blank, or a comment."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.toml_positions import KeyPath, Statement, key_text, statements

VALUES = [
    '"new"',
    "'new'",
    "5",
    "true",
    "1979-05-27",
    "[1, 2]",
    "[\n  1, # one\n\n  2,\n]",
    '"""\n[routes]\n"GET /fake" = "new"\n# no comment\n"""',
    "'''\n[routes]\n\n'''",
    '"# no comment"',
    '{ mode = "canary", percent = 10 }',
    "{ a = { b = 1 }, c.d = 2 }",
]
KEYS = ["k{}", '"GET /k{}"', "'GET /<any(\"a\"):k{}>'", "k{}.x", '"k{}" . y']
COMMENTS = ["", " # why", "\t# 'x' = \"y\""]
BETWEEN = ["", "\n", "# a = 1\n", '  # "GET /x" = [\n\n', "\t\n"]
HEADERS = ["[t{}]", "[ t{}.sub ] # why", '["GET /t{}"]', "[t{}.'a.b']"]


@st.composite
def toml_texts(draw: st.DrawFn, values: list[str] = VALUES) -> str:
    """A valid text with all of TOML's shapes in it, its line ends of one kind, the last one perhaps missing."""
    text = draw(st.sampled_from(BETWEEN))
    for number in range(draw(st.integers(0, 8))):
        if draw(st.integers(0, 3)) == 0:
            text += draw(st.sampled_from(HEADERS)).format(number) + "\n"
        indent, key = draw(st.sampled_from(["", "  ", "\t"])), draw(st.sampled_from(KEYS)).format(number)
        equals = draw(st.sampled_from([" = ", "=", "      = "]))
        text += f"{indent}{key}{equals}{draw(st.sampled_from(values))}{draw(st.sampled_from(COMMENTS))}\n"
        text += draw(st.sampled_from(BETWEEN))
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def paths(tree: Any, before: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        yield (*before, key)
        yield from paths(value, (*before, key))


@given(toml_texts())
def test_statements_and_what_is_between_them_are_the_whole_text(text: str) -> None:
    lines = text.split("\n")
    for statement in reversed(list(statements(text))):
        tomllib.loads(statement.text)
        size = statement.text.removesuffix("\n").count("\n") + 1
        here = slice(statement.line - 1, statement.line - 1 + size)
        assert "\n".join(lines[here]) == statement.text.removesuffix("\n")
        del lines[here]
    assert [line for line in lines if line.strip() and not line.strip().startswith("#")] == []


@given(toml_texts())
def test_every_key_of_the_text_has_its_statement(text: str) -> None:
    assert {key for statement in statements(text) for key in statement.keys} == set(paths(tomllib.loads(text)))


def keys_of(text: str) -> list[tuple[int, list[str]]]:
    """(line, keys) of each statement; a header has its keys in brackets."""
    return [(found.line, _keys(found)) for found in statements(text)]


def _keys(statement: Statement) -> list[str]:
    shown = [key_text(key) for key in statement.keys]
    return [f"[{key}]" for key in shown] if statement.is_header else shown


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a = 1", [(1, ["a"])]),
        ("\n\na = 1\n", [(3, ["a"])]),
        ("[a.b]\nc = 1\n", [(1, ["[a]", "[a.b]"]), (2, ["a.b.c"])]),
        ("[a]\nb.c = 1\n[d]\n", [(1, ["[a]"]), (2, ["a.b", "a.b.c"]), (3, ["[d]"])]),
        ("a = { b = { c = 1 } }", [(1, ["a", "a.b", "a.b.c"])]),
        (
            "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\n[[a.d]]",
            [
                (1, ["[a]", "[a[1]]"]),
                (2, ["a[1].b"]),
                (3, ["[a]", "[a[2]]"]),
                (4, ["a[2].b"]),
                (5, ["[a]", "[a[2]]", "[a[2].c]"]),
                (6, ["[a]", "[a[2]]", "[a[2].d]", "[a[2].d[1]]"]),
            ],
        ),
        (
            "[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\n[[a.b]]",
            [
                (1, ["[a]", "[a[1]]"]),
                (2, ["[a]", "[a[1]]", "[a[1].b]", "[a[1].b[1]]"]),
                (3, ["[a]", "[a[1]]", "[a[1].b]", "[a[1].b[2]]"]),
                (4, ["[a]", "[a[2]]"]),
                (5, ["[a]", "[a[2]]", "[a[2].b]", "[a[2].b[1]]"]),
            ],
        ),
        ("a = [\n1,\n]\nb = 2", [(1, ["a"]), (4, ["b"])]),
    ],
)
def test_a_statement_knows_its_line_and_its_keys(text: str, found: list[tuple[int, list[str]]]) -> None:
    assert keys_of(text) == found


@pytest.mark.parametrize(
    "wrong",
    ["b = nwe", 'b = "new', "b = [1, 2", 'b = """', "= 1", "[routes", "b", "b = 1 c = 2", 'b = "\\x"'],
)
def test_a_line_that_is_not_toml_hides_no_other(wrong: str) -> None:
    assert keys_of(f"a = 1\n{wrong}\nc = 3\n") == [(1, ["a"]), (3, ["c"])]


def test_one_key_twice_is_two_statements() -> None:
    assert keys_of("a = 1\na = 2\n") == [(1, ["a"]), (2, ["a"])]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ((), ""),
        (("gateway", "served_by_header"), "gateway.served_by_header"),
        (("routes", "GET /todos", "mode"), 'routes."GET /todos".mode'),
        (("hooks", "shop:load"), 'hooks."shop:load"'),
        (("",), '""'),
        (("case", 3, "step", 1, "a b"), 'case[3].step[1]."a b"'),
    ],
)
def test_a_key_path_is_written_as_toml_writes_it(key: KeyPath, text: str) -> None:
    assert key_text(key) == text
