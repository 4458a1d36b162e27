"""The map file: TOML, parsed once into a frozen MigrationMap with all its faults together."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..comparing.policy import ComparisonPolicy
from ..errors import Fault, MapError, suggest
from ..routing.route import FUTURE_MODES, METHODS, WEBSOCKET, Backend, Mode, Route, SourceLine
from . import checks
from .bridge_limits import BRIDGE, BridgeLimits
from .parity_table import ReplaySettings, read_parity
from .table_reader import Schema, TableReader

_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Z]+")
"""A token (RFC 9110, section 5.6.2) in upper case, as Flask keeps methods."""
_ROUTE_KEY = re.compile(r"(?:(?P<methods>[^/]*?)\s+)?(?P<rule>/.*)")

MAX_MAP_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MigrationMap:
    """Hold what a map file says."""

    legacy: str | None = None
    """Import string of the WSGI app or its factory."""
    new: str | None = None
    """Import string of the ASGI app or its factory."""
    default: Backend = Backend.LEGACY
    """Backend that answers a request which no route names."""
    served_by_header: bool = False
    """Whether answers carry `X-Served-By: legacy|new`."""
    routes: tuple[Route, ...] = ()
    """Listed routes, in the order of the file."""
    hooks: tuple[tuple[str, str], ...] = ()
    """(hook of the Flask app, what replaces it on the new side) of each hook that a flip may lose."""
    limits: BridgeLimits = field(default_factory=BridgeLimits)
    comparison: ComparisonPolicy = field(default_factory=ComparisonPolicy)
    replay: ReplaySettings = field(default_factory=ReplaySettings)
    path: str = "<routes>"
    """Path of the file as it was given, or what stands for it in faults."""
    version: str = ""
    """First 12 hexadecimal digits of the SHA-256 of the text."""


@dataclass(frozen=True, slots=True)
class ParsedMap:
    """A map as far as it could be read, with what is wrong in it; with faults it must not be used."""

    map: MigrationMap
    faults: tuple[Fault, ...]

    def checked(self) -> MigrationMap:
        """Return the map. Raises MapError when there are faults."""
        if self.faults:
            raise MapError(self.faults)
        return self.map


def load_map(path: str | Path) -> MigrationMap:
    """Read and parse a map file; its rules are checked when the table is compiled. Raises MapError with every fault."""
    return parse_map(decode_map(read_map(path), path), str(path)).checked()


def read_map(path: str | Path) -> bytes:
    """Return the bytes of a map file.

    Raises MapError when it cannot be read, is no regular file (to read a FIFO is to wait for who writes it), or holds
    more than MAX_MAP_BYTES.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise IsADirectoryError(0, "not a regular file")
            text = file.read(MAX_MAP_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        message = f"cannot be read: {getattr(error, 'strerror', error)}; `gateway init module:app` writes a first map"
        raise MapError((Fault(str(path), None, "", message),)) from None
    if len(text) > MAX_MAP_BYTES:
        message = f"has more than {MAX_MAP_BYTES:,} bytes; a map of a thousand routes has a tenth of that"
        raise MapError((Fault(str(path), None, "", message),))
    return text


def decode_map(text: bytes, path: str | Path) -> str:
    """Return the text of a map file, its line ends as they are. Raises MapError when it is not UTF-8."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MapError((Fault(str(path), None, "", f"not UTF-8 at byte {error.start}; save it as UTF-8"),)) from None


def parse_map(text: str, path: str = "migration_map.toml") -> ParsedMap:
    """Parse a map's text; every fault carries file, line and key path. Raises MapError when it is not TOML at all."""
    reader = TableReader(path, text.removeprefix("\ufeff"), counts_tables=False)
    tree = reader.parse()
    if tree is None:
        raise MapError(tuple(reader.faults))
    return _read_map(reader, tree, text)


def parse_routes(routes: Mapping[str, Any], default: str) -> ParsedMap:
    """Parse a map given in Python: `{"GET /todos": "new"}` as it would stand under `[routes]`."""
    tree = {"gateway": {"default": default}, "routes": dict(routes)}
    return _read_map(TableReader("Gateway(...)"), tree, repr((default, sorted(routes.items()))))


def parse_route_key(text: str) -> tuple[frozenset[str] | None, str]:
    """Return (methods, rule) of a key, `({"GET", "HEAD", "POST"}, "/feedback")` of `"GET,POST /feedback"`.

    The methods are None, for all, where the key names none. Raises ValueError with the reason.
    """
    found = _ROUTE_KEY.fullmatch(text.strip())
    if found is None:
        raise ValueError('a route is "METHODS /rule", like "GET /todos" or "/static/<path:filename>"')
    if found["methods"] is None:
        return None, found["rule"]
    names = [name.strip() for name in found["methods"].split(",")]
    for name in names:
        if not _METHOD.fullmatch(name):
            raise ValueError(f'unknown method "{name}"{suggest(name.upper(), METHODS)}')
    if WEBSOCKET in names and len(names) > 1:
        raise ValueError(f'"{WEBSOCKET}" stands alone; give the other methods a line of their own')
    return frozenset(names) | ({"HEAD"} if "GET" in names else set()), found["rule"]


_STICKY = checks.matching(
    r"client|(cookie|header):[!#$%&'*+\-.^_`|~0-9A-Za-z]+",
    'is no sticky key; write "client", "cookie:NAME" or "header:NAME"',
)
_HOOK = checks.text("say in a text what replaces this hook on the new side, or why none must", shows_value=False)
_MODE = checks.word((mode.value for mode in Mode), gone=FUTURE_MODES)
_TABLES = Schema(
    {
        name: checks.of_type(dict, f"not a table; write [{name}] on a line of its own", shows_value=False)
        for name in ("gateway", "routes", "hooks", "bridge", "parity")
    },
    kind="table",
)
_GATEWAY = Schema(
    {
        "legacy": checks.of_type(str, 'is not "module:app"'),
        "new": checks.of_type(str, 'is not "module:app"'),
        "default": checks.word((backend.value for backend in Backend), gone=FUTURE_MODES),
        "served_by_header": checks.FLAG,
        "sticky": _STICKY,
    }
)
_ROUTE = Schema(
    {
        "mode": None,
        "percent": checks.number(lambda share: 0 <= share <= 100, "is not a percentage; write a number from 0 to 100"),
        "sticky": _STICKY,
    },
    kind="option",
    required={"mode": '"legacy", "canary" or "new"'},
)


def _read_map(reader: TableReader, tree: Mapping[str, Any], version_of: str) -> ParsedMap:
    """Return the map of a tree; its version is that of the text `version_of`."""
    tables = {name: {} for name in _TABLES.checks} | reader.settings((), tree, _TABLES)
    if "gateway" not in tree:
        reader.fault((), 'no [gateway] table; it names the two apps: legacy = "module:app"')
    gateway = reader.settings(("gateway",), tables["gateway"], _GATEWAY)
    default, sticky = Backend(gateway.pop("default", "legacy")), gateway.pop("sticky", "client")
    routes = (_read_route(reader, key, value, sticky) for key, value in tables["routes"].items())
    comparison, replay = read_parity(reader, tables["parity"])
    read = MigrationMap(
        **gateway,
        default=default,
        routes=tuple(route for route in routes if route is not None),
        hooks=reader.pairs(("hooks",), tables["hooks"], _HOOK),
        limits=BridgeLimits(**reader.settings(("bridge",), tables["bridge"], BRIDGE)),
        comparison=comparison,
        replay=replay,
        path=reader.path,
        version=hashlib.sha256(version_of.encode("utf-8", "surrogatepass")).hexdigest()[:12],
    )
    return ParsedMap(read, tuple(reader.faults))


def _read_route(reader: TableReader, key: str, value: Any, sticky: str) -> Route | None:
    """Return the route of one line under `[routes]`, or None, with faults; `sticky` is the map's own key."""
    at = ("routes", key)
    before = len(reader.faults)
    table = value if isinstance(value, dict) else {"mode": value}
    options = reader.settings(at, table, _ROUTE)
    methods, rule = None, key
    try:
        methods, rule = parse_route_key(key)
    except ValueError as error:
        reader.fault(at, str(error))
    if "mode" not in table or not reader.accepts(at, table["mode"], _MODE):
        return None
    mode = Mode(table["mode"])
    if mode is not Mode.NEW and methods is not None and WEBSOCKET in methods:
        reader.fault(at, f'a websocket can only be "new": WSGI has none, so it cannot be "{mode.value}"')
    if mode is Mode.CANARY and "percent" not in table:
        ways = '{ mode = "canary", percent = 10 }, or --percent 10 with `gateway flip`'
        reader.fault(at, f"a canary needs its share: {ways}")
    if len(reader.faults) > before:
        return None
    options = {"sticky": sticky, **options, "mode": mode, "percent": float(options.get("percent", 0.0))}
    return Route(methods, rule, **options, source=SourceLine(reader.path, reader.line(at)))
