"""Werkzeug's rules with Werkzeug's precedence, walked in under a microsecond or two whatever their number.

Werkzeug parses the rules; only the walk is ours: its own compiles a pattern a step and costs 2 to 5 us a request
(`tests/benchmarks/routing.py`). `tests/routing/test_matcher.py` holds the two against each other over generated rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from werkzeug.routing import BaseConverter, FloatConverter, IntegerConverter, Rule, UUIDConverter, ValidationError
from werkzeug.routing.converters import NumberConverter
from werkzeug.routing.map import Map
from werkzeug.routing.rules import RulePart

Methods = frozenset[str] | None
"""Upper-case method names; None is every method."""

ANY_METHOD = None
"""The key under which a rule for every method stands."""

_Acceptor = Callable[[str], re.Match[str] | bool | None]
_Values = list[str | re.Match[str]]
_GROUP = "__werkzeug_"
_SEGMENT = r"(?P<__werkzeug_0>[^/]{1,})\Z"
_DIGITS = r"(?P<__werkzeug_0>\d+)\Z"
_PLAIN: dict[str, Callable[[str], bool]] = {_SEGMENT: bool, _DIGITS: str.isdecimal}
"""Patterns of one whole segment that need no regular expression: `\\d+` and `str.isdecimal` accept the same text."""
_INT_DIGITS = 640
"""Python may be told to refuse longer integers (sys.int_info.str_digits_check_threshold); `<int>` then refuses them."""


@dataclass(frozen=True, slots=True)
class Found:
    """The rule that takes a (method, path)."""

    index: int
    """Its place in the sequence that the matcher was built from."""
    redirect: str | None = None
    """The path that Werkzeug would redirect to (a slash missing at the end, slashes doubled), else None."""


@dataclass(slots=True)
class _State:
    """A node of the walk: what may follow here, and which rule answers when the path ends here."""

    static: dict[str, _State] = field(default_factory=dict)
    parts: dict[Hashable, tuple[RulePart, _State]] = field(default_factory=dict)
    branches: bool = False
    """Whether a segment may lead elsewhere than to its static child."""
    dynamic: tuple[tuple[_Acceptor, RulePart | None, _State], ...] = ()
    """(test, the part if it takes all remaining segments and not one, where it leads)"""
    rules: list[int] = field(default_factory=list)
    end: dict[str | None, int] = field(default_factory=dict)
    """Method to rule; ~rule (negative) where the rule is reached only with a slash appended."""
    loose: dict[str | None, int] = field(default_factory=dict)
    """Method to rule, for a path that has one slash too many and a rule that does not mind."""


class Matcher:
    """Bound rules, each with the methods that it takes, compiled for lookup."""

    def __init__(self, rules: Sequence[tuple[Rule, Methods]], *, merge_slashes: bool = True) -> None:
        self._rules = tuple(rules)
        self._merge_slashes = merge_slashes
        self._fallible = tuple(may_refuse(rule) for rule, _ in rules)
        self._found = tuple(Found(index) for index in range(len(rules)))
        self._root = _State()
        for index, (rule, _) in enumerate(self._rules):
            self._add(index, parts_of(rule))
        self._finish(self._root)
        first = self._root.static.get("", _State())
        static = _static_states(first, "")
        self._static = {path: state.end for path, state in static if not path.startswith("//")}

    def match(self, method: str, path: str) -> Found | None:
        """Return the rule that Werkzeug would pick for an upper-case method and a decoded path, or None."""
        ends = self._static.get(path)
        if ends is not None and (index := ends.get(method, -1)) >= 0:
            return self._found[index]
        path = _one_slash(path)
        values: _Values = []
        hit = _walk(self._root, path.split("/"), 0, method, values)
        is_merged = hit is None and self._merge_slashes and "//" in path
        if is_merged:
            path = re.sub(_SLASHES, "/", path)
            hit = _walk(self._root, path.split("/"), 0, method, values)
        if hit is None:
            return None
        if hit < 0:
            return Found(~hit, redirect=f"{path}/")
        if is_merged:
            return None if self._rules[hit][0].merge_slashes is False else Found(hit, redirect=path)
        if (self._fallible[hit] or len(path) > _INT_DIGITS) and not _converts(self._rules[hit][0], values):
            return None
        return self._found[hit]

    def at_path(self, path: str) -> list[int]:
        """Return every rule that takes this path with some method, best first."""
        found: list[int] = []
        _collect(self._root, _one_slash(path).split("/"), 0, found)
        if self._merge_slashes and not found and "//" in path:
            return self.at_path(re.sub(_SLASHES, "/", path))
        return list(dict.fromkeys(found)) if found else found

    def _add(self, index: int, parts: Iterable[RulePart]) -> None:
        state = self._root
        for part in parts:
            if part.static:
                state = state.static.setdefault(part.content, _State())
                continue
            _, state = state.parts.setdefault(identity_of(part), (part, _State()))
        state.rules.append(index)

    def _finish(self, state: _State) -> None:
        """Sort what may follow by Werkzeug's weights, and settle who answers at each end."""
        slashed = state.static.get("")
        state.end = self._first_by_method(state.rules)
        for method, index in self._first_by_method(slashed.rules if slashed else []).items():
            if ANY_METHOD not in state.end:
                state.end.setdefault(method, ~index if self._rules[index][0].strict_slashes else index)
        state.loose = self._first_by_method(i for i in state.rules if not self._rules[i][0].strict_slashes)
        ordered = sorted(state.parts.values(), key=lambda entry: entry[0].weight)
        state.dynamic = tuple(
            (_PLAIN.get(part.content) or re.compile(part.content).match, part if part.final else None, following)
            for part, following in ordered
        )
        state.branches = bool(state.dynamic or state.loose)
        for following in (*state.static.values(), *(following for _, following in ordered)):
            self._finish(following)

    def _first_by_method(self, indices: Iterable[int]) -> dict[str | None, int]:
        first: dict[str | None, int] = {}
        for index in indices:
            for method in (ANY_METHOD,) if (named := self._rules[index][1]) is None else named:
                if ANY_METHOD not in first:
                    first.setdefault(method, index)
        return first


def parts_of(rule: Rule) -> tuple[RulePart, ...]:
    """Return the path segments of a bound rule as Werkzeug compiled them."""
    return tuple(rule._parts[1:])  # noqa: SLF001 - Werkzeug has no public form; the first part is the host


Map([_PROBE := Rule("/a///b")])
_SLASHES = "/{2,}" if len(parts_of(_PROBE)) == 3 else "//"
"""What Werkzeug merges into one slash: before 3.1.7, two of three."""


def identity_of(part: RulePart) -> Hashable:
    """Return a key that is equal for equal parts; comparing each with each costs a second for two thousand of them."""
    return part.content, part.static, part.final, part.suffixed, str(part.weight)


def shape_of(rule: Rule) -> Hashable:
    """Return a key that is equal for rules that match the same paths, whatever they call their variables."""
    return tuple((part.content, part.static, part.final, part.suffixed) for part in parts_of(rule))


def takes_any_segment(part: RulePart) -> bool:
    """Tell whether the part is a bare `<name>`."""
    return part.content == _SEGMENT


def _walk(state: _State, parts: list[str], at: int, method: str, values: _Values) -> int | None:
    """Return the rule at the end of the path, static before dynamic and lighter before heavier, with backtracking.

    `values` collects what the converters get; a negative result is `~rule`, reached only with a slash appended.
    """
    last = len(parts)
    while at < last:
        part = parts[at]
        child = state.static.get(part)
        if child is None or state.branches:
            break
        state, at = child, at + 1
    else:
        return state.end.get(method, state.end.get(ANY_METHOD))
    if child is not None and (hit := _walk(child, parts, at + 1, method, values)) is not None:
        return hit
    mark = len(values)
    for accepts, final, following in state.dynamic:
        found = accepts("/".join(parts[at:]) if final else part)
        if found:
            values.append(part if found is True else found)
            rest, start = (_rest(final, found), 0) if final else (parts, at + 1)
            if (hit := _walk(following, rest, start, method, values)) is not None:
                return hit
            del values[mark:]
    if part == "" and at == last - 1:
        return state.loose.get(method, state.loose.get(ANY_METHOD))
    return None


def _one_slash(path: str) -> str:
    """Return the path as Werkzeug's adapter hands it to its matcher."""
    if path[:1] == "/" != path[1:2]:
        return path
    return f"/{path.lstrip('/')}" if path else ""


def _rest(part: RulePart, found: re.Match[str] | bool) -> list[str]:
    """Return what is left to walk after a final part took all segments: nothing, or the slash that ended them."""
    if part.suffixed and isinstance(found, re.Match) and found.groups()[-1] == "/":
        return [""]
    return []


def _variables(values: _Values) -> Iterator[str]:
    """Yield what the converters get, in the order of the rule; Werkzeug names its groups by number."""
    for value in values:
        if isinstance(value, str):
            yield value
        else:
            named = {name: text for name, text in value.groupdict().items() if name.startswith(_GROUP)}
            yield from (named[name] for name in sorted(named, key=lambda name: int(name.removeprefix(_GROUP))))


def _collect(state: _State, parts: list[str], at: int, found: list[int]) -> None:
    """Append to `found` every rule whose path matches, whatever the method."""
    if at == len(parts):
        found += state.rules
        return
    part = parts[at]
    if part in state.static:
        _collect(state.static[part], parts, at + 1, found)
    for accepts, final, following in state.dynamic:
        matched = accepts("/".join(parts[at:]) if final else part)
        if matched:
            rest, start = (_rest(final, matched), 0) if final else (parts, at + 1)
            _collect(following, rest, start, found)
    if part == "" and at == len(parts) - 1:
        found += state.loose.values()


def _static_states(state: _State, prefix: str) -> Iterator[tuple[str, _State]]:
    """Yield each state that static segments alone lead to, with its path: no other rule can win over its own."""
    for segment, following in state.static.items():
        path = f"{prefix}/{segment}"
        yield path, following
        yield from _static_states(following, path)


def may_refuse(rule: Rule) -> bool:
    """Tell whether a converter of the rule may refuse what its pattern lets through."""
    for converter in converters_of(rule).values():
        if isinstance(converter, NumberConverter) and type(converter) in (IntegerConverter, FloatConverter):
            if converter.fixed_digits or converter.min is not None or converter.max is not None:
                return True
        elif type(converter).to_python not in (BaseConverter.to_python, UUIDConverter.to_python):
            return True  # one that nobody knows: it is asked each time
    return False


def converters_of(rule: Rule) -> dict[str, BaseConverter]:
    """Return the converters of a bound rule by the names of its variables, in their order."""
    return rule._converters  # noqa: SLF001 - Werkzeug has no public form


def _converts(rule: Rule, values: _Values) -> bool:
    try:
        for converter, value in zip(converters_of(rule).values(), _variables(values), strict=True):
            converter.to_python(value)
    except ValidationError:
        return False
    except Exception:  # noqa: BLE001 - the app's own converter: its side will meet the same error and answer it
        return True
    return True
