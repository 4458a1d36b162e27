"""Where a value that a view holds came from in its request. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WholeInput:
    """Everything at one location of a request, `request.args`."""

    where: str


@dataclass(frozen=True, slots=True)
class NamedInput:
    """What was read under these names at one location, or its length."""

    where: str
    names: tuple[str, ...]
    is_length: bool = False


@dataclass(frozen=True, slots=True)
class LoopNames:
    """A loop's variable, which is each of these texts in turn."""

    names: tuple[str, ...]


Taint = WholeInput | NamedInput | LoopNames | None
