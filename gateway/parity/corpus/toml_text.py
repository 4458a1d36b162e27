"""TOML as a person would write it: one key a line, the kind of quotes that needs the fewest escapes. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

WIDTH = 120
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def key_line(key: str, value: Any) -> str:
    """Return `key = value` with its line end: a text of several lines as such a block, a long list an item a line."""
    text = toml_value(value)
    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        escaped = value.replace("\\", "\\\\").replace('""', '"\\"')
        escaped = _CONTROL_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
        if escaped.endswith('"') and not escaped.endswith('\\"'):
            escaped = escaped[:-1] + '\\"'
        text = f'"""\n{escaped}"""'
    elif isinstance(value, list) and len(key) + 3 + len(text) > WIDTH:
        text = "[\n" + "".join(f"  {toml_value(item)},\n" for item in value) + "]"
    return f"{toml_key(key)} = {text}\n"


def toml_value(value: Any) -> str:
    """Return a value in one line. Raises TypeError for what TOML has no word for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    raise TypeError(f"{value!r} has no form in TOML")


def toml_key(key: str) -> str:
    """Return a key, bare where it may be."""
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    if ('"' in text or "\\" in text) and "'" not in text and not _CONTROL.search(text):
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
