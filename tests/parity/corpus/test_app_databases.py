"""Which file a connection of sqlite3 opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.parity.corpus.app_databases import redirected, sqlite_path


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


REAL, OWN = "/srv/real notes.db", "/tmp/side/own notes.db"


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        (REAL, OWN),
        (Path(REAL), OWN),
        (REAL.encode(), OWN),
        ("/srv/../srv/./real notes.db", OWN),
        ("file:/srv/real%20notes.db", "file:/tmp/side/own%20notes.db"),
        ("file:///srv/real%20notes.db?mode=ro&cache=private", "file:/tmp/side/own%20notes.db?mode=ro&cache=private"),
        # What names another file, or none, is left to the containment.
        ("/srv/other.db", "/srv/other.db"),
        ("/srv/real notes.db-journal", "/srv/real notes.db-journal"),
        (":memory:", ":memory:"),
        ("", ""),
        (7, 7),
        (None, None),
    ],
)
def test_the_real_file_is_the_sides_own(name: object, opened: object) -> None:
    assert redirected(name, real=REAL, own=OWN) == opened


def test_a_link_to_the_real_file_is_the_sides_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, link = tmp_path / "real.db", tmp_path / "link.db"
    real.touch()
    link.symlink_to(real)
    monkeypatch.chdir(tmp_path)
    assert [redirected(name, real=str(real.resolve()), own=OWN) for name in ("link.db", str(link))] == [OWN, OWN]


def test_without_a_real_file_nothing_is_redirected() -> None:
    assert redirected("", real="", own=OWN) == ""
    assert redirected(REAL, real="", own=OWN) == REAL
