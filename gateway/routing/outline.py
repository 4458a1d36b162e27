"""The outline of a rule: what both frameworks know of it, `/files/<path>` of `/files/<path:name>`, and its types."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from itertools import zip_longest

from werkzeug.routing import Rule

from .matcher import converters_of

_VARIABLE = re.compile(r"<(?:([a-zA-Z_]\w*)(?:\(.*?\))?:)?([a-zA-Z_]\w*)>")
"""A variable of a rule, as Werkzeug reads one: what stands in parentheses may hold brackets of its own."""
_TOKEN = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{2,3}|.)|.", re.DOTALL)
"""What may stand for one character in a pattern."""
BELOW = "/<path>"
"""Ends the outline of what takes all that is below."""


def rule_outline(rule: Rule) -> str:
    """Return a rule without names, `/files/<path:name>` as `/files/<path>`; a variable inside one segment is `<>`."""
    converters = converters_of(rule)

    def outline(found: re.Match[str]) -> str:
        converter = converters[found[2]]
        return "<path>" if not converter.part_isolating and takes_slash(converter.regex) else "<>"

    return _VARIABLE.sub(outline, rule.rule)


def types_of(rule: str) -> str:
    """Return a rule with its converters and without names: `/items/<int(min=1):number>` as `/items/<int>`."""
    return _VARIABLE.sub(lambda found: "<>" if found[1] in (None, "string", "default") else f"<{found[1]}>", rule)


@lru_cache
def takes_slash(pattern: str) -> bool:
    """Tell whether a character of a variable's pattern may be a slash, so that it may take more than one segment."""
    for token in _TOKEN.findall(pattern):
        with suppress(re.error):  # a bracket, a star: no character by itself
            if re.fullmatch(token, "/", re.DOTALL):
                return True
    return False


def is_as_wide(types: str, others: str) -> bool:
    """Tell whether types of one outline take all that others of it do: each the same, or any text."""
    pairs = zip_longest(types.split("/"), others.split("/"))
    return all(one in (other, "<>") for one, other in pairs)


def may_overlap(outline: str, other: str) -> bool:
    """Tell whether a path may be of both outlines."""
    for left, right in zip_longest(outline.split("/"), other.split("/")):
        if left is not None and right is not None and "<" not in f"{left}{right}" and left != right:
            return False
        if "<path>" in f"{left}{right}":
            return True
        if left is None or right is None:
            return False
    return True
