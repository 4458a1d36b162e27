"""The map file: TOML, parsed once into a frozen MigrationMap with all its faults together."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from ..comparing.policy import ComparisonPolicy
from ..errors import Fault, MapError, suggest
from ..routing.route import WEBSOCKET, Backend, Mode, Route, SourceLine
from .bridge_limits import BridgeLimits
from .parity_table import read_parity
from .replay_settings import ReplaySettings
from .toml_positions import KeyPath, Statement, key_text, statements

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", WEBSOCKET}
    | {"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH"}
)
"""The methods that a route may name: RFC 9110, RFC 5789, WebDAV's, and the pseudo-method of websockets."""
_TABLES = ("gateway", "routes", "hooks", "bridge", "parity")
_SETTINGS = ("legacy", "new", "default", "served_by_header", "sticky")
_OPTIONS = ("mode", "percent", "sticky")
_STICKY = re.compile(r"client|cookie:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|header:[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ROUTE = re.compile(r"(?:(?P<methods>[^/]*?)\s+)?(?P<rule>/.*)")


@dataclass(frozen=True, slots=True)
class MigrationMap:
    """The parsed file."""

    legacy: str | None = None
    """Import string of the WSGI app or its factory."""
    new: str | None = None
    """Import string of the ASGI app or its factory."""
    default: Backend = Backend.LEGACY
    """Who answers a request that no route names."""
    served_by_header: bool = False
    """Whether answers carry `X-Served-By: legacy|new`."""
    routes: tuple[Route, ...] = ()
    hooks: tuple[tuple[str, str], ...] = ()
    """(hook of the Flask app, what replaces it on the new side): hooks that a flip may lose, each with its reason."""
    limits: BridgeLimits = field(default_factory=BridgeLimits)
    comparison: ComparisonPolicy = field(default_factory=ComparisonPolicy)
    replay: ReplaySettings = field(default_factory=ReplaySettings)
    path: str = "<routes>"
    version: str = ""
    """The first 12 hexadecimal digits of the SHA-256 of the text."""


@dataclass(frozen=True, slots=True)
class ParsedMap:
    """A map as far as it could be read, with what is wrong in it; only a draft without faults may be used."""

    map: MigrationMap
    faults: tuple[Fault, ...]

    def checked(self) -> MigrationMap:
        """The map; raises MapError when there are faults."""
        if self.faults:
            raise MapError(self.faults)
        return self.map


def load_map(path: str | Path) -> MigrationMap:
    """Read and parse a map file. Rules are checked when the table is compiled, with the Flask app's converters.

    Raises MapError with every fault of the file.
    """
    return parse_map(decode_map(read_map(path), path), str(path)).checked()


def read_map(path: str | Path) -> bytes:
    """The bytes of a map file. Raises MapError when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}; `gateway init module:app` writes a first map"
        raise MapError((Fault(str(path), None, "", message),)) from None


def decode_map(text: bytes, path: str | Path) -> str:
    """The text of a map file, its line ends as they are. Raises MapError when it is not UTF-8."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MapError((Fault(str(path), None, "", f"not UTF-8 at byte {error.start}; save it as UTF-8"),)) from None


def parse_map(text: str, path: str = "migration_map.toml") -> ParsedMap:
    """Parse a map's text; every fault carries file, line and key path. Raises MapError when it is not TOML at all."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MapError((_syntax_fault(text, path, error),)) from None
    stands = tuple(statements(text))
    lines = {key: statement.line for statement in reversed(stands) for key in statement.keys}
    reader = _Reader(path, lines)
    comparison, replay, faults = read_parity(tree.get("parity", {}), path, stands)
    drafted = replace(reader.map(tree), comparison=comparison, replay=replay, path=path, version=_version(text))
    return ParsedMap(drafted, (*reader.faults, *faults))


def parse_routes(routes: Mapping[str, Any], default: str) -> ParsedMap:
    """The same for a map given in Python: `{"GET /todos": "new"}` as it would stand under `[routes]`."""
    reader = _Reader("Gateway(...)", {})
    drafted = reader.map({"gateway": {"default": default}, "routes": dict(routes)})
    version = _version(repr((default, sorted(routes.items()))))
    return ParsedMap(replace(drafted, path="Gateway(...)", version=version), tuple(reader.faults))


def parse_route_key(text: str) -> tuple[frozenset[str] | None, str]:
    """`"GET,POST /feedback"` -> ({"GET", "HEAD", "POST"}, "/feedback"). Raises ValueError with the reason."""
    found = _ROUTE.fullmatch(text.strip())
    if found is None:
        raise ValueError('a route is "METHODS /rule", like "GET /todos" or "/static/<path:filename>"')
    if found["methods"] is None:
        return None, found["rule"]
    names = [name.strip() for name in found["methods"].split(",")]
    for name in names:
        if name not in METHODS:
            raise ValueError(f'unknown method "{name}"{suggest(name.upper(), METHODS)}')
    if WEBSOCKET in names and len(names) > 1:
        raise ValueError(f'"{WEBSOCKET}" stands alone; give the other methods a line of their own')
    return frozenset(names) | ({"HEAD"} if "GET" in names else set()), found["rule"]


def _version(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _syntax_fault(text: str, path: str, error: tomllib.TOMLDecodeError) -> Fault:
    found = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
    line = int(found[1]) if found else None
    seen: dict[KeyPath, Statement] = {}
    for statement in statements(text):
        if statement.is_header and statement.text.lstrip().startswith("[["):
            seen = {key: at for key, at in seen.items() if key[: len(statement.table)] != statement.table}
        for key in statement.keys:
            if key in seen and not statement.is_header and _clash(seen[key], statement):
                message = f"stands twice (first on line {seen[key].line}); keep one of the two"
                return Fault(path, statement.line, key_text(key), message)
            seen[key] = statement
    reason = str(error).removesuffix(found[0]) if found else str(error)
    return Fault(path, line, "", f"not TOML: {reason}{f' at column {found[2]}' if found else ''}; texts need quotes")


def _clash(one: Statement, other: Statement) -> bool:
    """Whether two statements of one key exclude each other, as dotted parts of it do not."""
    try:
        tomllib.loads(one.text + other.text)
    except tomllib.TOMLDecodeError:
        return True
    return False


class _Reader:
    """Turns the tree of one file into values; what cannot be turned becomes a fault and is left out."""

    def __init__(self, path: str, lines: Mapping[KeyPath, int]) -> None:
        self.faults: list[Fault] = []
        self._path = path
        self._lines = lines

    def map(self, tree: Mapping[str, Any]) -> MigrationMap:
        self._known((), tree, _TABLES, "table")
        gateway = self._table(tree, "gateway")
        if "gateway" not in tree:
            self._fault((), 'no [gateway] table; it names the two apps: legacy = "module:app"')
        self._known(("gateway",), gateway, _SETTINGS, "setting")
        sticky = self._sticky(("gateway", "sticky"), gateway.get("sticky", "client"))
        listed = self._table(tree, "routes")
        return MigrationMap(
            legacy=self._of_type(("gateway", "legacy"), gateway.get("legacy"), str, '"module:app"'),
            new=self._of_type(("gateway", "new"), gateway.get("new"), str, '"module:app"'),
            default=self._word(("gateway", "default"), gateway.get("default", "legacy"), Backend) or Backend.LEGACY,
            served_by_header=bool(self._flag(("gateway", "served_by_header"), gateway)),
            routes=tuple(route for key, value in listed.items() if (route := self._route(key, value, sticky))),
            hooks=tuple(self._hooks(self._table(tree, "hooks"))),
            limits=self._limits(self._table(tree, "bridge")),
        )

    def _route(self, key: str, value: Any, sticky: str) -> Route | None:
        at = ("routes", key)
        before = len(self.faults)
        options = value if isinstance(value, dict) else {"mode": value}
        self._known(at, options, _OPTIONS, "option")
        methods, rule = self._route_key(at, key)
        mode = self._mode(at, options, methods)
        percent = self._percent((*at, "percent"), options, mode)
        sticky = self._sticky((*at, "sticky"), options.get("sticky", sticky))
        if len(self.faults) > before or mode is None:
            return None
        source = SourceLine(self._path, self._line(at))
        return Route(methods, rule, mode, percent=percent, sticky=sticky, source=source)

    def _route_key(self, at: KeyPath, key: str) -> tuple[frozenset[str] | None, str]:
        try:
            return parse_route_key(key)
        except ValueError as error:
            self._fault(at, str(error))
            return None, key

    def _mode(self, at: KeyPath, options: Mapping[str, Any], methods: frozenset[str] | None) -> Mode | None:
        if "mode" not in options:
            self._fault(at, 'no mode; write mode = "legacy", "shadow", "canary" or "new"')
            return None
        mode = self._word(at, options["mode"], Mode)
        if mode not in (None, Mode.NEW) and methods is not None and WEBSOCKET in methods:
            self._fault(at, f'a websocket can only be "new": WSGI has none, so it cannot be "{options["mode"]}"')
        return mode

    def _percent(self, at: KeyPath, options: Mapping[str, Any], mode: Mode | None) -> float:
        if "percent" not in options:
            if mode is Mode.CANARY:
                self._fault(
                    at[:-1],
                    'a canary needs its share: { mode = "canary", percent = 10 }, or --percent 10 with `gateway flip`',
                )
            return 0.0
        value = options["percent"]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            self._fault(at, f"{_shown(value)} is not a percentage; write a number from 0 to 100")
            return 0.0
        return float(value)

    def _sticky(self, at: KeyPath, value: Any) -> str:
        if isinstance(value, str) and _STICKY.fullmatch(value):
            return value
        self._fault(at, f'{_shown(value)} is no sticky key; write "client", "cookie:NAME" or "header:NAME"')
        return "client"

    def _limits(self, table: Mapping[str, Any]) -> BridgeLimits:
        known = {limit.name: limit for limit in fields(BridgeLimits)}
        self._known(("bridge",), table, tuple(known), "limit")
        given = {}
        for name in known.keys() & table.keys():
            if isinstance(table[name], int) and not isinstance(table[name], bool) and table[name] > 0:
                given[name] = table[name]
            else:
                self._fault(("bridge", name), f"{_shown(table[name])} is no limit; write a whole number above 0")
        return BridgeLimits(**given)

    def _hooks(self, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, reason in table.items():
            if isinstance(reason, str) and reason.strip():
                yield name, reason
            else:
                self._fault(("hooks", name), "say in a text what replaces this hook on the new side, or why none must")

    def _word(self, at: KeyPath, value: Any, words: type[E]) -> E | None:
        known = [word.value for word in words]
        if value in known:
            return words(value)
        choices = ", ".join(f'"{word}"' for word in known)
        close = suggest(value, known) if isinstance(value, str) else ""
        self._fault(at, f"{_shown(value)} is none of {choices}{close}")
        return None

    def _flag(self, at: KeyPath, table: Mapping[str, Any]) -> bool | None:
        return self._of_type(at, table.get(at[-1], False), bool, "true or false")

    def _of_type(self, at: KeyPath, value: Any, kind: type[T], wanted: str) -> T | None:
        if value is None or isinstance(value, kind):
            return value
        self._fault(at, f"{_shown(value)} is not {wanted}")
        return None

    def _table(self, tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = tree.get(name, {})
        if isinstance(value, dict):
            return value
        self._fault((name,), f"not a table; write [{name}] on a line of its own")
        return {}

    def _known(self, at: KeyPath, table: Mapping[str, Any], known: tuple[str, ...], kind: str) -> None:
        for name in table:
            if name not in known:
                choices = ", ".join(known)
                close = suggest(name, known) or f"; known are {choices}"
                self._fault((*at, name), f'unknown {kind} "{name}"{close}')

    def _fault(self, at: KeyPath, message: str) -> None:
        self.faults.append(Fault(self._path, self._line(at), key_text(at), message))

    def _line(self, at: KeyPath) -> int | None:
        """The line of the statement that sets this key, or of the nearest one around it."""
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at)


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
