"""The shape of a SQL statement, verb and tables: `SELECT todos+users`. Pure; a lenient reader, not a parser."""

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
AFTER_AS = {"(", "NOT", "MATERIALIZED"}
FUNCTIONS = {"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY"}
"""Their brackets may hold a FROM that names no table."""


@lru_cache(maxsize=4096)
def shape_of(statement: str) -> str | None:
    """Return `SELECT todos`, `INSERT users`, `CREATE todos`; None for transaction control and what is no statement."""
    words = [token for token in TOKEN.findall(statement) if not token.startswith(("--", "/*", "'"))]
    upper = [*(word.upper() for word in words), "", "", ""]  # a look ahead finds a word also at the end
    if not words or upper[0] in SILENT:
        return None
    tables = set(_tables(words, upper))
    if upper[0] == "WITH":  # what it names are its own queries
        following = zip(words, upper[1:], upper[2:], strict=False)
        tables -= {_bare(name) for name, word, next_word in following if word == "AS" and next_word in AFTER_AS}
    return f"{_verb(upper)} {'+'.join(sorted(tables))}".rstrip()


def _verb(upper: list[str]) -> str:
    """Return the first word; of a WITH, the verb that stands outside all brackets."""
    if upper[0] not in ("WITH", "("):
        return "INSERT" if upper[0] == "REPLACE" else upper[0]
    depth = 0
    for word in upper:
        depth += (word == "(") - (word == ")")
        if word in VERBS and (depth == 0 or upper[0] == "("):
            return word
    return upper[0]


def _tables(words: list[str], upper: list[str]) -> Iterator[str]:
    """Yield every table that is named as one."""
    openers: list[str] = []  # the word before each open bracket
    for at, word in enumerate(upper):
        before = upper[at - 1] if at else ""
        if word == "(":
            openers.append(before)
        elif word == ")" and openers:
            openers.pop()
        elif word in BEFORE_TABLES and before not in ("DISTINCT", "FOR") and not FUNCTIONS & set(openers[-1:]):
            yield from _listed_tables(words, upper, at + 1)


def _listed_tables(words: list[str], upper: list[str], at: int) -> Iterator[str]:
    """Yield the tables of a list that begins there: `todos AS t, users`."""
    while True:
        while upper[at] in SKIPPED:
            at += 1
        while upper[at + 1] == ".":
            at += 2
        is_call = upper[at + 1] == "(" and upper[at - 1] not in HOLDERS
        if is_call or upper[at] in NO_TABLE or not NAME.fullmatch(upper[at]):
            return
        yield _bare(words[at])
        at += 1
        while NAME.fullmatch(upper[at]) and upper[at] not in CLAUSES:  # its alias
            at += 1
        if upper[at] != ",":
            return
        at += 1


def _bare(name: str) -> str:
    return name[1:-1] if name[0] in '"`[' else name
