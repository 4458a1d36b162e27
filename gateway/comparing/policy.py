"""Excuse differences: ignore rules, which of them covers a difference, and which the map can do without.

Pure; the day is an argument.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from .result import Difference, ParityResult

STRICT_LOCATIONS = frozenset({"authentication", "secret"})
"""Locations where only a rule ignores that names the location itself, the route and who approved it."""


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One deliberate difference, with its reason. A rule that matched nothing, or has expired, fails a run."""

    where: str
    """A location, `body.items[*].price`; `[*]` is any index, a trailing `.*` everything below, `*` any location."""
    reason: str
    route: str | None = None
    """A key of the map, `GET /todos`; None is every route."""
    expires: date | None = None
    """Last day on which the rule ignores anything; None is for ever."""
    approved_by: str | None = None
    """Who answers for a candidate whose access control is weaker; without it such a difference is never ignored."""
    line: int | None = None
    """1-based line of the rule in the map; None for a rule that no file has."""
    cause: str | None = None
    """Name of a known cause (docs/differences.md): only differences that show its sign are ignored."""
    control: str | None = None
    """Text that the control must have there, as a report shows it; None is any."""
    candidate: str | None = None
    """Text that the candidate must have there, as a report shows it; None is any."""


@dataclass(frozen=True, slots=True)
class ComparisonPolicy:
    """Decide whether two observations of one request are the same, in a replay as in live traffic."""

    json_mode: str = "typed"
    """`typed`, `canonical` (`1` and `1.0` are equal) or `bytes`."""
    rules: tuple[IgnoreRule, ...] = ()
    """Deliberate differences, in the order of the map."""


def find_rule(
    rules: Iterable[IgnoreRule], route: str, difference: Difference, cause: str, today: date
) -> IgnoreRule | None:
    """Return the first rule, in force through its last day, that ignores a difference with this cause ("": unknown)."""
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
    messages = []
    for rule in rules:
        line = f"line {rule.line}: " if rule.line is not None else ""
        about = f'"{rule.where}"' if rule.cause is None else f'cause "{rule.cause}"'
        title = f"{line}parity.ignore: the rule for {about}" + (f' of "{rule.route}"' if rule.route else "")
        if is_expired(rule, today):
            messages.append(f"{title} expired on {rule.expires}; make both sides agree, or give it another day")
        elif any(_is_about(rule, *one) for one in found):
            if not _is_sufficient(rule):
                messages.append(f"{title} ignores nothing without approved_by")
        elif rule.where in STRICT_LOCATIONS and rule.route is None:
            messages.append(f"{title} names no route, which it must")
        else:
            messages.append(f"{title} matched nothing; {_quotes_hint(rule, found) or 'remove it'}")
    return tuple(messages)


def _quotes_hint(rule: IgnoreRule, found: Iterable[tuple[str, Difference, str]]) -> str:
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
