"""Where a value that a view holds came from in its request. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything at one place, `request.args`."""

    where: str


@dataclass(frozen=True, slots=True)
class Part:
    """What was read under these names, or its length."""

    where: str
    names: tuple[str, ...]
    is_length: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """A loop's variable, which is each of these in turn."""

    names: tuple[str, ...]


Origin = Whole | Part | Names | None
