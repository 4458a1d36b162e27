"""The notation of locations: `body.items[2].price`, `body["a b"]`, `header.vary`. Pure.

A key of JSON that is an ASCII identifier follows a dot; any other stands in brackets as a JSON string, so that no key
can look like a path.
"""

from __future__ import annotations

import json
import re

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED_OR_INDEX = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')


def member(where: str, key: str) -> str:
    """Return the location of a key: `body` and `price` -> `body.price`; `a b` -> `body["a b"]`."""
    return f"{where}.{key}" if _IDENTIFIER.fullmatch(key) else f"{where}[{json.dumps(key)}]"


def item(where: str, index: int) -> str:
    """Return the location of one item of a list, counted from 0."""
    return f"{where}[{index}]"


def field_of(where: str) -> str:
    """Return a location with every index as `[*]`: `body.items[2].price` -> `body.items[*].price`."""
    return _QUOTED_OR_INDEX.sub(lambda found: found[0] if found[0].startswith('["') else "[*]", where)
