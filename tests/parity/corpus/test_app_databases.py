"""Which file a connection of sqlite3 opens."""

from __future__ import annotations

import pytest

from gateway.parity.corpus.app_databases import sqlite_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/srv/a.db", "/srv/a.db"),
        ("file:/srv/a.db?mode=ro", "/srv/a.db"),
        ("file:///srv/my%20notes.db?cache=shared", "/srv/my notes.db"),
        ("file://localhost/srv/a.db", "/srv/a.db"),
        (":memory:", None),
        ("file:a?mode=memory&cache=shared", None),
        ("", None),
    ],
)
def test_the_file_of_a_name_or_a_uri(name: str, path: str | None) -> None:
    assert sqlite_path(name) == path
