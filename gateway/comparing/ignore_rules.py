"""Which ignore rule covers a difference, and which rules the map can do without. Pure; the day is an argument."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import lru_cache

from .policy import IgnoreRule
from .result import Difference, ParityResult

STRICT_LOCATIONS = frozenset({"authentication", "secret"})
"""Places where only a rule that names this place, the route and who approved it ignores."""


def find_rule(
    rules: Iterable[IgnoreRule], route: str, difference: Difference, cause: str, today: date
) -> IgnoreRule | None:
    """The first rule that ignores a difference of a route (its key); a rule holds through the day that it expires."""
    for rule in rules:
        if is_about(rule, route, difference, cause) and not is_expired(rule, today) and is_sufficient(rule):
            return rule
    return None


def is_about(rule: IgnoreRule, route: str, difference: Difference, cause: str) -> bool:
    """Whether place, cause and both values are those that a rule names."""
    return (
        rule.cause in (None, cause)
        and rule.control in (None, difference.control)
        and rule.candidate in (None, difference.candidate)
        and names_location(rule, route, difference.where)
    )


def names_location(rule: IgnoreRule, route: str, where: str) -> bool:
    """Whether a rule names a place: exactly, with `[*]` for any index, with a last `.*` for everything below."""
    if rule.where in STRICT_LOCATIONS or where in STRICT_LOCATIONS:
        return rule.where == where and rule.route == route
    return rule.route in (None, route) and _pattern(rule.where).fullmatch(where) is not None


def is_expired(rule: IgnoreRule, today: date) -> bool:
    """Whether the rule's last day is over."""
    return rule.expires is not None and rule.expires < today


def is_sufficient(rule: IgnoreRule) -> bool:
    """Whether a rule for a strict place says who answers for it."""
    return rule.where not in STRICT_LOCATIONS or bool(rule.approved_by)


def unused_rules(results: Iterable[ParityResult], rules: Iterable[IgnoreRule], today: date) -> tuple[str, ...]:
    """A message for each rule that has expired, matched nothing, or cannot ignore what it names.

    Of a run over some routes only, leave out the rules of the others first.
    """
    found = {(result.route, verdict.difference, verdict.cause) for result in results for verdict in result.verdicts}
    complaints = ((rule, _complaint(rule, found, today)) for rule in rules)
    return tuple(f"{_title(rule)} {complaint}" for rule, complaint in complaints if complaint)


def _complaint(rule: IgnoreRule, found: set[tuple[str, Difference, str]], today: date) -> str:
    if is_expired(rule, today):
        return f"expired on {rule.expires}; make both sides agree, or give it another day"
    if not any(is_about(rule, *one) for one in found):
        if rule.where in STRICT_LOCATIONS and rule.route is None:
            return "names no route, which it must"
        return _hint(rule, found) or "matched nothing; remove it"
    return "" if is_sufficient(rule) else "ignores nothing without approved_by"


def _hint(rule: IgnoreRule, found: set[tuple[str, Difference, str]]) -> str:
    """For a rule that has a text of JSON without its quotes."""
    control, candidate = (value and json.dumps(value, ensure_ascii=False) for value in (rule.control, rule.candidate))
    if not any(is_about(replace(rule, control=control, candidate=candidate), *one) for one in found):
        return ""
    sides = ("control", control), ("candidate", candidate)
    named = ", ".join(f"{side} = '{text}'" for side, text in sides if text)
    return f"matched nothing; a text of JSON has its quotes: {named}"


def _title(rule: IgnoreRule) -> str:
    line = f"line {rule.line}: " if rule.line is not None else ""
    about = f'"{rule.where}"' if rule.cause is None else f'cause "{rule.cause}"'
    return f"{line}parity.ignore: the rule for {about}" + (f' of "{rule.route}"' if rule.route else "")


@lru_cache(maxsize=1_000)
def _pattern(where: str) -> re.Pattern[str]:
    """`[*]` also stands for itself."""
    if where == "*":
        return re.compile(r".*", re.DOTALL)
    stem = where.removesuffix(".*")
    pattern = re.escape(stem).replace(re.escape("[*]"), r"\[(?:\d+|\*)\]")
    return re.compile(pattern + (r"[.\[].*" if where != stem else ""), re.DOTALL)
