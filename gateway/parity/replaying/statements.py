"""The shape of a SQL statement, verb and tables: `SELECT todos+users`. Pure; a tolerant reader, not a parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/            # comments
    |'(?:[^']|'')*'                   # text
    |"(?:[^"]|"")*"|`[^`]*`|\[\w+\]   # quoted names
    |[\w$]+|[(),.;]""",
    re.VERBOSE | re.DOTALL,
)
NAME = re.compile(r"[\w$]+|[\"`\[].*", re.DOTALL)
SILENT = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "END", "START", "SET", "SHOW", "ABORT"}
"""Transaction and connection control."""
VERBS = {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"}
BEFORE_TABLES = {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING"}
HOLDERS = {"INTO", "TABLE", "EXISTS", "."}
"""The name after one of these is a table's also before a bracket, which holds its columns; another is a function's."""
SKIPPED = {"ONLY", "LATERAL", "IF", "NOT", "EXISTS", "OR", "IGNORE", "REPLACE", "ROLLBACK", "ABORT", "FAIL"}
NO_TABLE = {"SELECT", "VALUES", "SET", "OF", "WITH"}
CLAUSES = {"WHERE", "SET", "ON", "JOIN", "LEFT", "RIGHT", "INNER", "OUTER", "CROSS", "FULL", "NATURAL", "ORDER"}
CLAUSES |= {"GROUP", "HAVING", "LIMIT", "UNION", "RETURNING"}
FUNCTIONS = {"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY"}
"""Their brackets may hold a FROM that names no table."""


@lru_cache(maxsize=4096)
def shape_of(statement: str) -> str | None:
    """`SELECT todos`, `INSERT users`, `CREATE todos`; None for transaction control and what is no statement."""
    words = [token for token in TOKEN.findall(statement) if not token.startswith(("--", "/*", "'"))]
    if not words or words[0].upper() in SILENT:
        return None
    tables = sorted(set(_tables(words)) - set(_names_of_with(words)))
    return f"{_verb(words)} {'+'.join(tables)}".rstrip()


def _verb(words: list[str]) -> str:
    """The first word; of a WITH, the verb that stands outside all brackets."""
    first = words[0].upper()
    if first not in ("WITH", "("):
        return "INSERT" if first == "REPLACE" else first
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if word.upper() in VERBS and (depth == 0 or first == "("):
            return word.upper()
    return first


def _tables(words: list[str]) -> Iterator[str]:
    """Every table that is named as one."""
    openers: list[str] = []  # the word before each open bracket
    for place, word in enumerate(words):
        before = words[place - 1].upper() if place else ""
        if word == "(":
            openers.append(before)
        elif word == ")" and openers:
            openers.pop()
        elif word.upper() in BEFORE_TABLES and before not in ("DISTINCT", "FOR") and not FUNCTIONS & set(openers[-1:]):
            yield from _list_at(words, place + 1)


def _list_at(words: list[str], place: int) -> Iterator[str]:
    """The tables of a list that begins there: `todos AS t, users`."""
    while True:
        while _upper(words, place) in SKIPPED:
            place += 1
        while _upper(words, place + 1) == ".":
            place += 2
        if not _is_table(words, place):
            return
        yield _bare(words[place])
        place += 1
        while NAME.fullmatch(_upper(words, place)) and _upper(words, place) not in CLAUSES:  # its alias
            place += 1
        if _upper(words, place) != ",":
            return
        place += 1


def _is_table(words: list[str], place: int) -> bool:
    word = _upper(words, place)
    is_call = _upper(words, place + 1) == "(" and words[place - 1].upper() not in HOLDERS
    return NAME.fullmatch(word) is not None and word not in NO_TABLE and not is_call


def _names_of_with(words: list[str]) -> Iterator[str]:
    """What a WITH gives to its own queries: they are no tables."""
    if words[0].upper() == "WITH":
        for name, word, bracket in zip(words, words[1:], words[2:], strict=False):
            if word.upper() == "AS" and bracket.upper() in ("(", "NOT", "MATERIALIZED"):
                yield _bare(name)


def _upper(words: list[str], place: int) -> str:
    return words[place].upper() if place < len(words) else ""


def _bare(name: str) -> str:
    return name[1:-1] if name[0] in '"`[' else name
