"""The exception tree. Every text says where, what and what to do; only `cli.py` turns one into a line and an exit code.

GatewayError
├── MapError          the map has faults; `.faults` holds all of them
├── CorpusError       cases, or a file to take them from, have faults; `.faults` holds all of them
├── StoreError        the store cannot be reached, or is of a newer gateway
├── ReplayError       a parity run could not take place
└── ImportAppError    an import string of the map does not give an app
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class GatewayError(Exception):
    """Anything that the gateway itself refuses to do; `str(error)` is the whole message for a person."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a map: `migration_map.toml:12: routes."GET /x": unknown mode "nwe"; did you mean "new"?`"""

    path: str
    line: int | None
    """1-based line of the statement; None when the map was not read from a file."""
    key: str
    """Key path in TOML's own notation, `routes."GET /x".percent`; empty for the file as a whole."""
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"

    @property
    def location(self) -> str:
        """File, line and key, as far as they are known; unlike the message, it quotes no value."""
        file = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{file}: {self.key}" if self.key else file


class _FaultsError(GatewayError):
    """One or more faults, in the order of their files and lines."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.path, fault.line or 0)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class MapError(_FaultsError):
    """A map with one or more faults; nothing of it is used."""


class CorpusError(_FaultsError):
    """Cases with one or more faults; none of them is used."""


class ImportAppError(GatewayError):
    """An import string that names no module, no attribute, or nothing that can be called as an app."""


class ReplayError(GatewayError):
    """A parity run could not take place: a side did not start, or its database could not be copied."""


class StoreError(GatewayError):
    """The store of parity cannot be reached, read or written, or was made by a newer gateway."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "int"?` for the closest known word, or an empty text when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
