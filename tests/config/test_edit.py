"""A flip changes one statement and no other byte of the file, and readers never see half of it."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.config.edit import edit_mode, write_map
from gateway.config.map_file import parse_map
from gateway.config.toml_positions import statements
from gateway.errors import MapError
from gateway.routing.route import Mode
from tests.config.test_toml_positions import toml_texts

MAP = """\
# The map. "GET /x" = "legacy" stands in this comment too.
[gateway]
legacy = "shop:app"
note = \"""
"GET /x" = "legacy"
\"""

[routes]
"GET /x"           = "legacy"   # moves soon
"GET,POST /y"      = 'new'
  '/z/<any("a"):k>'={mode = "canary", percent = 10}  # slowly
"GET /sticky" = { mode = "canary", percent = 5, sticky = "cookie:id" } # by cookie

"WS /live" = "new"
"""


def flipped(key: str, mode: Mode, percent: float | None = None, text: str = MAP) -> tuple[str, str]:
    """The line before and after; every other line is as it was."""
    done = edit_mode(text, "m.toml", key, mode, percent)
    old, new = text.split("\n"), done.text.split("\n")
    assert len(old) == len(new)
    ((before, after),) = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
    assert old.index(before) + 1 == done.line
    assert (done.before, done.after) == (before.strip(), after.strip())
    return before, after


@pytest.mark.parametrize(
    ("key", "mode", "percent", "after"),
    [
        ("GET /x", Mode.NEW, None, '"GET /x"           = "new"   # moves soon'),
        ("GET /x", Mode.CANARY, 10, '"GET /x"           = { mode = "canary", percent = 10 }   # moves soon'),
        ("GET /x", Mode.CANARY, 2.5, '"GET /x"           = { mode = "canary", percent = 2.5 }   # moves soon'),
        ("HEAD, GET /x", Mode.NEW, None, '"GET /x"           = "new"   # moves soon'),
        ("POST,GET /y", Mode.LEGACY, None, '"GET,POST /y"      = "legacy"'),
        ('/z/<any("a"):k>', Mode.NEW, None, '  \'/z/<any("a"):k>\'="new"  # slowly'),
        ('/z/<any("a"):k>', Mode.CANARY, 20, '  \'/z/<any("a"):k>\'={mode = "canary", percent = 20}  # slowly'),
        (
            "GET /sticky",
            Mode.NEW,
            None,
            '"GET /sticky" = { mode = "new", percent = 5, sticky = "cookie:id" } # by cookie',
        ),
        (
            "GET /sticky",
            Mode.CANARY,
            50,
            '"GET /sticky" = { mode = "canary", percent = 50, sticky = "cookie:id" } # by cookie',
        ),
        ("WS /live", Mode.LEGACY, None, '"WS /live" = "legacy"'),
    ],
)
def test_a_flip_changes_the_word_and_keeps_the_line(key: str, mode: Mode, percent: float | None, after: str) -> None:
    assert flipped(key, mode, percent)[1] == after


def test_a_flip_to_the_mode_that_is_there_changes_nothing() -> None:
    assert edit_mode(MAP, "m.toml", "GET /sticky", Mode.CANARY).text == MAP
    assert edit_mode(MAP, "m.toml", "WS /live", Mode.NEW).text == MAP


def test_a_value_of_many_lines_is_one_statement() -> None:
    text = '[routes]\n"GET /x" = """\\\n  legacy\\\n  """ # why\n"GET /y" = "new"\n'
    done = edit_mode(text, "m.toml", "GET /x", Mode.NEW)
    assert done.text == '[routes]\n"GET /x" = "new" # why\n"GET /y" = "new"\n'
    assert (done.line, done.before, done.after) == (
        2,
        '"GET /x" = """\\\n  legacy\\\n  """ # why',
        '"GET /x" = "new" # why',
    )


# --- over random files ---

WORDS = st.sampled_from(['"legacy"', '"new"', '{ mode = "new", percent = 5, sticky = "client" }'])


@st.composite
def maps(draw: st.DrawFn) -> tuple[str, str]:
    """A file with one route among any other TOML, and the route's statement."""
    before, after = draw(toml_texts()), draw(toml_texts())
    end = draw(st.sampled_from(["\n", "\r\n"]))
    indent, equals = draw(st.sampled_from(["", "  ", "\t"])), draw(st.sampled_from([" = ", "=", "      = "]))
    route = f'{indent}"GET /flipped"{equals}{draw(WORDS)}{draw(st.sampled_from(["", " # why", "  #new"]))}'
    head = before if before.endswith("\n") or not before else before + end
    text = f"{head}[routes]{end}{route}"
    if draw(st.booleans()):
        text += f"{end}[others]{end}{after}"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    return text, route


@given(maps(), st.sampled_from(list(Mode)), st.sampled_from([None, 0, 12.5, 100]))
def test_only_the_routes_statement_changes(given_map: tuple[str, str], mode: Mode, percent: float | None) -> None:
    text, route = given_map
    at = text.index(route)
    done = edit_mode(text, "m.toml", "GET /flipped", mode, percent)
    rest = text[at + len(route) :]
    assert done.text.startswith(text[:at])
    assert done.text.endswith(rest)
    changed = done.text[at : len(done.text) - len(rest)]
    assert changed.strip() == done.after
    assert route.partition("=")[0] == changed.partition("=")[0]
    value = tomllib.loads(done.text)["routes"]["GET /flipped"]
    assert (value if isinstance(value, str) else value["mode"]) == mode.value
    assert percent is None or value["percent"] == percent


@given(maps(), st.sampled_from([(Mode.LEGACY, None), (Mode.NEW, None), (Mode.CANARY, 10)]))
def test_flipping_back_restores_the_file(given_map: tuple[str, str], there: tuple[Mode, float | None]) -> None:
    text, _ = given_map
    value = tomllib.loads(text)["routes"]["GET /flipped"]
    mode, percent = (value, None) if isinstance(value, str) else (value["mode"], value["percent"])
    moved = edit_mode(text, "m.toml", "GET /flipped", *there).text
    assert edit_mode(moved, "m.toml", "GET /flipped", Mode(mode), percent).text == text


# --- refusals ---


HINT = "`gateway routes` lists them all, and an unlisted one needs a line under [routes]"


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("GET /xx", 'routes."GET /xx": the map has no such route; did you mean "GET /x"?'),
        ("POST /x", 'routes."POST /x": the map has no such route; did you mean "GET /x"?'),
        ("GET /y", 'routes."GET /y": the map has no such route; did you mean "GET,POST /y"?'),
        ("DELETE /unknown/path", f'routes."DELETE /unknown/path": the map has no such route; {HINT}'),
        ("gte /x", 'routes."gte /x": unknown method "gte"; did you mean "GET"?'),
        ("x", 'routes."x": a route is "METHODS /rule", like "GET /todos" or "/static/<path:filename>"'),
    ],
)
def test_a_route_that_the_map_does_not_have_is_refused_with_the_closest(key: str, fault: str) -> None:
    with pytest.raises(MapError) as caught:
        edit_mode(MAP, "m.toml", key, Mode.NEW)
    assert str(caught.value) == f"m.toml: {fault}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[routes]\n\n[routes."GET /x"]\nmode = "canary"\npercent = 10\n', 3),
        ('[routes]\n"GET /x".mode = "canary"\n"GET /x".percent = 10\n', 2),
        ('routes = { "GET /x" = "new" }\n', 1),
        ('routes = { "GET /y" = "new", "GET /x" = "new" }\n', 1),
        ('routes."GET /x" = "new"\n', 1),
    ],
)
def test_a_route_that_is_not_a_line_of_its_own_is_left_to_a_person(text: str, line: int) -> None:
    with pytest.raises(MapError) as caught:
        edit_mode(text, "m.toml", "GET /x", Mode.NEW)
    assert str(caught.value) == f'm.toml:{line}: routes."GET /x": not on one line; edit it by hand'


def test_a_broken_line_elsewhere_stays_as_it_is() -> None:
    text = '[routes]\n"GET /broken" = nwe\n"gte /x" = "new"\n"GET /x" = "legacy"\n'
    assert edit_mode(text, "m.toml", "GET /x", Mode.NEW).text == text.replace('"legacy"', '"new"')


# --- the file ---


@pytest.mark.parametrize("text", [MAP, MAP.replace("\n", "\r\n"), "é\r\n\r\n", ""])
def test_the_file_becomes_the_text_byte_by_byte(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(b"old")
    write_map(path, text)
    assert path.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "m.toml"
    path.touch()
    path.chmod(mode)
    write_map(path, MAP)
    assert path.stat().st_mode & 0o777 == mode


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    target, first, second = tmp_path / "conf" / "m.toml", tmp_path / "first", tmp_path / "second"
    target.write_text("old", encoding="utf-8")
    first.symlink_to(target)
    second.symlink_to("first")
    write_map(second, MAP)
    assert (first.readlink(), second.readlink()) == (target, Path("first"))
    assert target.read_text(encoding="utf-8") == MAP


def test_a_reader_that_opened_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text("old text", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        assert reader.read(3) == "old"
        write_map(path, MAP)
        assert reader.read() == " text"


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        write_map(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away; .ci/run is root")
def test_the_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.touch()
    os.chown(path, 65534, 65533)
    write_map(path, MAP)
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533)


def mounted(_self: Path, _target: Path) -> None:
    raise OSError(errno.EBUSY, "Device or resource busy")


@pytest.mark.parametrize("old", ["", "long" * 1000])
def test_a_file_that_cannot_be_replaced_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str
) -> None:
    path = tmp_path / "m.toml"
    path.write_text(old)
    inode = path.stat().st_ino
    monkeypatch.setattr(Path, "replace", mounted)
    write_map(path, MAP)
    assert (path.read_text(), path.stat().st_ino, [*tmp_path.iterdir()]) == (MAP, inode, [path])


def test_a_file_that_cannot_be_written_at_all_is_told_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.toml"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", mounted)
    real = os.fsync

    def fails_in_place(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fails_in_place)
    with pytest.raises(MapError, match="cannot be written: No space left on device; nothing was changed"):
        write_map(path, MAP)
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("old", [path])


@pytest.mark.parametrize(
    "old", ['[gateway]\n[routes]\n"GET /x" = "legacy"\n', '[routes]\r\n"GET /x" = "legacy"\r\n[gateway]\r\n']
)
def test_a_byte_order_mark_is_read_past_and_kept(old: str) -> None:
    changed = edit_mode(f"\ufeff{old}", "m.toml", "GET /x", Mode.NEW).text
    assert changed == "\ufeff" + old.replace("legacy", "new")
    assert [route.mode for route in parse_map(changed).checked().routes] == [Mode.NEW]


def test_a_flipped_file_is_a_good_map(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('[gateway]\n[routes]\n"GET /x" = "legacy"\n', encoding="utf-8")
    write_map(path, edit_mode(path.read_text(encoding="utf-8"), str(path), "GET /x", Mode.CANARY, 10).text)
    (route,) = parse_map(path.read_text(encoding="utf-8")).checked().routes
    assert (route.mode, route.percent, route.source.line) == (Mode.CANARY, 10, 3)
    assert len(list(statements(path.read_text(encoding="utf-8")))) == 3
