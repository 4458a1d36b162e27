"""Which ignore rule covers a difference, and which rules the map can do without. Pure; the day is an argument."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache

from .policy import IgnoreRule
from .result import Difference, ParityResult

STRICT_LOCATIONS = frozenset({"authentication", "secret"})
"""Locations where only a rule ignores that names the location itself, the route and who approved it."""

_Found = set[tuple[str, Difference, str]]
"""(key of the map, difference, name of its cause) of every difference of a run."""


def find_rule(
    rules: Iterable[IgnoreRule], route: str, difference: Difference, cause: str, today: date
) -> IgnoreRule | None:
    """Return the first rule that ignores a difference of a route (key of the map) with this cause ("" is unknown).

    A rule holds through the day that it expires.
    """
    in_force = (rule for rule in rules if not is_expired(rule, today) and _is_sufficient(rule))
    return next((rule for rule in in_force if _is_about(rule, route, difference, cause)), None)


def names_location(rule: IgnoreRule, route: str, where: str) -> bool:
    """Tell whether a rule names a location: exactly, with `[*]` for any index, with a last `.*` for all below it."""
    if rule.where in STRICT_LOCATIONS or where in STRICT_LOCATIONS:
        return rule.where == where and rule.route == route
    return rule.route in (None, route) and _pattern(rule.where).fullmatch(where) is not None


def is_expired(rule: IgnoreRule, today: date) -> bool:
    """Tell whether the rule's last day is over."""
    return rule.expires is not None and rule.expires < today


def unused_rules(results: Iterable[ParityResult], rules: Iterable[IgnoreRule], today: date) -> tuple[str, ...]:
    """Return a message for each rule that has expired, matched nothing, or cannot ignore what it names.

    Where a run asked some routes only, leave out the rules of the others first.
    """
    found = {(result.route, verdict.difference, verdict.cause) for result in results for verdict in result.verdicts}
    return tuple(_complaints(rules, found, today))


def _complaints(rules: Iterable[IgnoreRule], found: _Found, today: date) -> Iterator[str]:
    for rule in rules:
        line = f"line {rule.line}: " if rule.line is not None else ""
        about = f'"{rule.where}"' if rule.cause is None else f'cause "{rule.cause}"'
        title = f"{line}parity.ignore: the rule for {about}" + (f' of "{rule.route}"' if rule.route else "")
        if is_expired(rule, today):
            yield f"{title} expired on {rule.expires}; make both sides agree, or give it another day"
        elif any(_is_about(rule, *one) for one in found):
            if not _is_sufficient(rule):
                yield f"{title} ignores nothing without approved_by"
        elif rule.where in STRICT_LOCATIONS and rule.route is None:
            yield f"{title} names no route, which it must"
        else:
            yield f"{title} matched nothing; {_quotes_hint(rule, found) or 'remove it'}"


def _quotes_hint(rule: IgnoreRule, found: _Found) -> str:
    """Return a hint for a rule that has a text of JSON without its quotes, or ""."""
    control, candidate = (value and json.dumps(value, ensure_ascii=False) for value in (rule.control, rule.candidate))
    if not any(_is_about(replace(rule, control=control, candidate=candidate), *one) for one in found):
        return ""
    texts = {"control": control, "candidate": candidate}
    named = ", ".join(f"{side} = '{text}'" for side, text in texts.items() if text)
    return f"a text of JSON has its quotes: {named}"


def _is_about(rule: IgnoreRule, route: str, difference: Difference, cause: str) -> bool:
    """Tell whether location, cause and both texts are those that a rule names."""
    return (
        rule.cause in (None, cause)
        and rule.control in (None, difference.control)
        and rule.candidate in (None, difference.candidate)
        and names_location(rule, route, difference.where)
    )


def _is_sufficient(rule: IgnoreRule) -> bool:
    """Tell whether a rule for a strict location says who answers for it."""
    return rule.where not in STRICT_LOCATIONS or bool(rule.approved_by)


@lru_cache(maxsize=1_000)
def _pattern(where: str) -> re.Pattern[str]:
    """Return the pattern of the locations that a rule's `where` names; `[*]` also stands for itself."""
    if where == "*":
        return re.compile(r".*", re.DOTALL)
    stem = where.removesuffix(".*")
    pattern = re.escape(stem).replace(re.escape("[*]"), r"\[(?:\d+|\*)\]")
    return re.compile(pattern + (r"[.\[].*" if where != stem else ""), re.DOTALL)
