"""Rows of SQLite before and after a request: of tables that it made or altered, and of tables without a key."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import connect

import pytest

from gateway.comparing.observation import RowChange
from gateway.parity.replaying.sqlite_databases import SqliteState
from tests.comparing.answers import found, observe

SETUP = """
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, pages INTEGER);
INSERT INTO books VALUES (1, 'One', 10), (2, 'Two', 20);
CREATE TABLE fees (member INTEGER, amount INTEGER);
INSERT INTO fees VALUES (1, 500), (2, 500), (2, 500);
"""
CREATE_LOG = "CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, word TEXT);"
ADD_STARS = "ALTER TABLE books ADD COLUMN stars INTEGER;"

Change = tuple[str, str, dict[str, str], dict[str, str]]


def write(path: Path, script: str) -> None:
    connection = connect(path)
    connection.executescript(script)
    connection.close()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.db"
    write(path, SETUP)
    return path


def changes(path: Path, script: str) -> tuple[RowChange, ...]:
    """What one request changed; the database is put back."""
    state = SqliteState(str(path), f"{path}.baseline")
    try:
        state.reset()
        write(path, script)
        rows = state.changes()
        assert state.changes() == ()
        state.reset()
        return rows
    finally:
        state.close()


def of_tables(rows: tuple[RowChange, ...]) -> list[Change]:
    """Without the tables' own rows."""
    return [(row.table, row.kind, dict(row.before), dict(row.after)) for row in rows if row.table != "sqlite_schema"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (CREATE_LOG, []),
        (
            CREATE_LOG + "INSERT INTO log VALUES (7, 'lent')",
            [("log", "inserted", {}, {"id": "7", "word": '"lent"'})],
        ),
        (
            "CREATE TABLE log (word TEXT); INSERT INTO log VALUES ('lent'), ('lent')",
            [("log", "inserted", {}, {"word": '"lent"', "(rows alike)": "2"})],
        ),
        (ADD_STARS, []),
        (
            ADD_STARS + "UPDATE books SET pages = 11, stars = 5 WHERE id = 1",
            [
                (
                    "books",
                    "updated",
                    {"id": "1", "title": '"One"', "pages": "10"},
                    {"id": "1", "title": '"One"', "pages": "11"},
                )
            ],
        ),
        (
            "ALTER TABLE books DROP COLUMN pages; DELETE FROM books WHERE id = 2",
            [("books", "deleted", {"id": "2", "title": '"Two"'}, {})],
        ),
        (
            "DROP TABLE books; CREATE TABLE books (id, title); INSERT INTO books VALUES (1, 'One'), (1, 'One')",
            [
                (
                    "books",
                    "updated",
                    {"id": "1", "title": '"One"', "(rows alike)": "1"},
                    {"id": "1", "title": '"One"', "(rows alike)": "2"},
                ),
                ("books", "deleted", {"id": "2", "title": '"Two"', "(rows alike)": "1"}, {}),
            ],
        ),
        (
            "DROP TABLE books; CREATE TABLE books (isbn TEXT PRIMARY KEY); INSERT INTO books VALUES ('9')",
            [("books", "inserted", {}, {"isbn": '"9"'})],
        ),
        ("DROP TABLE books", []),
    ],
)
def test_rows_of_a_table_that_the_request_made_or_altered(library: Path, script: str, expected: list[Change]) -> None:
    assert of_tables(changes(library, script)) == expected


def fee(alike: int) -> dict[str, str]:
    return {"member": "1", "amount": "500", "(rows alike)": str(alike)} if alike else {}


@pytest.mark.parametrize(
    ("script", "kind", "before", "after"),
    [
        ("INSERT INTO fees VALUES (1, 500)", "updated", 1, 2),
        (5 * "INSERT INTO fees VALUES (1, 500);", "updated", 1, 6),
        ("DELETE FROM fees WHERE member = 1", "deleted", 1, 0),
        ("UPDATE fees SET amount = 500; DELETE FROM fees WHERE member = 1; INSERT INTO fees VALUES (1, 500)", "", 1, 1),
    ],
)
def test_equal_rows_without_a_key_are_counted(library: Path, script: str, kind: str, before: int, after: int) -> None:
    assert of_tables(changes(library, script)) == ([("fees", kind, fee(before), fee(after))] if kind else [])


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        (CREATE_LOG + "INSERT INTO log VALUES (7, 'lent')", CREATE_LOG, [("effect.rows.log", "(1 inserted)", None)]),
        (
            "INSERT INTO fees VALUES (3, 500)",
            5 * "INSERT INTO fees VALUES (3, 500);",
            [("effect.rows.fees.(rows alike)", "1", "5")],
        ),
        ("INSERT INTO fees VALUES (1, 500)", "", [("effect.rows.fees", "(1 updated)", None)]),
    ],
)
def test_a_candidate_that_writes_other_rows_differs(
    library: Path, control: str, candidate: str, expected: list[tuple[str, str | None, str | None]]
) -> None:
    sides = (observe(rows=changes(library, script)) for script in (control, candidate))
    assert found(*sides) == expected
