"""Moves one route of a map's text to another mode: its statement changes, every other byte stays."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Table

from ..errors import Fault, MapError, suggest
from ..routing.route import Mode
from .map_file import parse_route_key
from .toml_positions import Statement, statements


@dataclass(frozen=True, slots=True)
class Flip:
    """A route moved: the whole new text, and the one statement before and after."""

    text: str
    line: int
    before: str
    after: str


def flip(text: str, path: str, key: str, mode: Mode, percent: float | None = None) -> Flip:
    """The text with route `key` in `mode`. `percent` is for a canary that has none yet, or is to change.

    Raises MapError for a route that the map does not have, naming the closest that it has.
    """
    name, statement = _find(text, path, key)
    document = tomlkit.parse(statement.text)
    if statement.keys[0] != ("routes", name) or isinstance(document[name], Table):
        raise MapError((Fault(path, statement.line, f'routes."{name}"', "not on one line; edit it by hand"),))
    document[name] = _value(document[name], mode, percent)
    after = tomlkit.dumps(document)
    lines = text.split("\n")
    spanned = statement.text.removesuffix("\n").count("\n") + 1
    before_lines, after_lines = lines[: statement.line - 1], lines[statement.line - 1 + spanned :]
    changed = "\n".join([*before_lines, after.removesuffix("\n"), *after_lines])
    return Flip(changed, statement.line, statement.text.strip(), after.strip())


def write_map(path: Path, text: str) -> None:
    """Replace the file in one step, so that no reader ever sees half of it. Follows links; keeps the file's mode."""
    target = path.resolve()
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(target.stat().st_mode)
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _find(text: str, path: str, key: str) -> tuple[str, Statement]:
    """The route's name as the file spells it, and its statement."""
    try:
        wanted = parse_route_key(key)
    except ValueError as error:
        raise MapError((Fault(path, None, f'routes."{key}"', str(error)),)) from None
    known: dict[str, Statement] = {}
    for statement in statements(text):
        name = next((keys[1] for keys in statement.keys if len(keys) > 1 and keys[0] == "routes"), None)
        if isinstance(name, str):
            known.setdefault(name, statement)
    for name, statement in known.items():
        with contextlib.suppress(ValueError):
            if parse_route_key(name) == wanted:
                return name, statement
    same_rule = [name for name in known if f" {name}".endswith(f" {wanted[1]}")]
    close = (
        suggest(key, same_rule or known)
        or "; `gateway routes` lists them all, and an unlisted one needs a line under [routes]"
    )
    raise MapError((Fault(path, None, f'routes."{key}"', f"the map has no such route{close}"),))


def _value(before: Any, mode: Mode, percent: float | None) -> Any:
    """The new value: a word where a word is enough, else the table with its mode changed."""
    has_options = isinstance(before, InlineTable)
    only_percent = not has_options or set(before) <= {"mode", "percent"}
    if percent is None and only_percent and not (has_options and mode is Mode.CANARY):
        return mode.value
    table: Any = before if has_options else tomlkit.value(f'{{ mode = "{mode.value}", percent = 0 }}')
    table["mode"] = mode.value
    if percent is not None:
        table["percent"] = int(percent) if percent == int(percent) else percent
    return table
