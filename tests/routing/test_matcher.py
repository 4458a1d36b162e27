"""The oracle is Werkzeug itself: the same rules, the same paths, the same answer."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from werkzeug.routing import BaseConverter, Map, Rule, ValidationError
from werkzeug.routing.exceptions import NoMatch, RequestPath

from gateway.routing.matcher import Found, Matcher
from tests.support.versions import HEEDS_MERGE_SLASHES, REFUSES_LONG_NUMBERS

METHODS = ["GET", "POST", "DELETE"]


class Even(BaseConverter):
    """A custom converter that refuses some of what its pattern lets through."""

    regex = r"\d+"

    def to_python(self, value: str) -> int:
        if int(value[-1]) % 2:
            raise ValidationError
        return int(value[-1])


class Pair(BaseConverter):
    """A custom converter with a slash in its pattern and groups of its own."""

    regex = r"(\w+)/(\w+)"


CONVERTERS = {"even": Even, "pair": Pair}
SEGMENTS = [
    "", "a", "b", "new", "a.b", "<x>", "<x>.json", "v<int:x>", "<int:x>", "<int:x>-<int:y>", "<float:x>", "<uuid:x>",
    "<path:x>", "<any(a,b,new):x>", "<any('a/b',c):x>", "<string(length=2):x>", "<string(minlength=2,maxlength=3):x>",
    "<int(fixed_digits=3):x>", "<int(min=5,max=20):x>", "<int(signed=True):x>", "<even:x>", "<pair:x>", "<a>_<b>",
]  # fmt: skip
TOKENS = [
    "", "a", "b", "new", "c", "ab", "abc", "abcd", "a.b", "a.json", "v7", "v", "7", "8", "12", "007", "-1", "+1", "1_0",
    "1.0",     " 1", "\u0661", "1-2", "1.5", "-1.5", "nan", "1e5", "a_b", "a\n", "7\n", "a%2Fb", "\x00", "\ufffd", "é",
    "x" * 30, "9" * (4400 if REFUSES_LONG_NUMBERS else 4300),
    "6a1f0f0e-8c1a-4b57-9f0e-0123456789ab", "6A1F0F0E8C1A4B579F0E0123456789AB", "..", ".",
]  # fmt: skip


def random_rules(rng: random.Random) -> list[Rule]:
    """Up to 14 rules that share segments, so that they compete."""
    segments = rng.sample(SEGMENTS, 7)
    rules = []
    for index in range(rng.randint(1, 14)):
        chosen = [_renamed(rng.choice(segments), place) for place in range(rng.randint(1, 4))]
        rules.append(
            Rule(
                "/" + "/".join(chosen) + rng.choice(["", "", "/"]),
                endpoint=index,
                methods=rng.choice([None, ["GET"], ["POST"], ["GET", "POST"], ["DELETE"]]),
                strict_slashes=rng.choice([None, None, None, True, False]),
                merge_slashes=rng.choice([None, None, None, True, False] if HEEDS_MERGE_SLASHES else [None]),
            )
        )
    return rules


def _renamed(segment: str, place: int) -> str:
    """A rule must not name a variable twice."""
    for name in ("x>", "y>", "<a>", "<b>"):
        segment = segment.replace(name, name.replace(">", f"{place}>"))
    return segment


def random_path(rng: random.Random, rules: Sequence[Rule]) -> str:
    """Half of the paths start from a rule's own static text, so that many match."""
    if rng.random() < 0.5:
        shape = rng.choice(rules).rule.split("/")
        parts = [part if "<" not in part and rng.random() < 0.9 else rng.choice(TOKENS) for part in shape]
        return "/".join(parts) + rng.choice(["", "", "", "/", "//"])
    return "/" + "/".join(rng.choice(TOKENS) for _ in range(rng.randint(0, 5)))


def of_werkzeug(url_map: Map, method: str, path: str) -> Found | None:
    normal = f"/{path.lstrip('/')}" if path else ""
    try:
        rule, _ = url_map._matcher.match("", normal, method, False)
    except RequestPath as redirect:
        return Found(-1, redirect.path_info)
    except NoMatch:
        return None
    return Found(rule.endpoint)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 8))])
def test_answers_as_werkzeug_over_generated_rules_and_paths(seed: int) -> None:
    rng = random.Random(seed)
    hits = redirects = 0
    for _ in range(150):
        url_map = Map(
            random_rules(rng),
            converters=CONVERTERS,
            merge_slashes=rng.random() < 0.8,
            strict_slashes=rng.random() < 0.8,
        )
        url_map.update()
        in_order = sorted(url_map.iter_rules(), key=lambda rule: rule.endpoint)
        matcher = Matcher(
            [(rule, None if rule.methods is None else frozenset(rule.methods)) for rule in in_order],
            merge_slashes=url_map.merge_slashes,
        )
        for _ in range(60):
            method, path = rng.choice(METHODS), random_path(rng, in_order)
            expected, found = of_werkzeug(url_map, method, path), matcher.match(method, path)
            if expected is not None and expected.redirect is not None:
                redirects += 1
                assert found is not None, (in_order, path)
                assert found.redirect == expected.redirect, (in_order, method, path)
            else:
                hits += expected is not None
                assert found == expected, (in_order, method, path)
    assert hits > 600  # of 9,000 paths a seed, 72,000 in all: the oracle is asked real questions
    assert redirects > 100


def matcher_of(*rules: str | tuple[str, str], **options: bool) -> Matcher:
    named = [(rule, None) if isinstance(rule, str) else rule for rule in rules]
    url_map = Map([Rule(rule, endpoint=index) for index, (rule, _) in enumerate(named)], **options)
    in_order = sorted(url_map.iter_rules(), key=lambda rule: rule.endpoint)
    methods = [None if names is None else frozenset(names.split(",")) for _, names in named]
    return Matcher(list(zip(in_order, methods, strict=True)), merge_slashes=url_map.merge_slashes)


@pytest.mark.parametrize(
    ("rules", "path", "index"),
    [
        (["/<x>", "/new"], "/new", 1),
        (["/<path:x>", "/<int:x>", "/<x>"], "/7", 1),
        (["/<path:x>", "/<int:x>", "/<x>"], "/seven", 2),
        (["/<path:x>", "/<int:x>", "/<x>"], "/7/8", 0),
        (["/<int:x>"], "/-1", None),
        (["/<int:x>"], "/1_000", None),
        (["/<int:x>"], "/1\n", None),
        (["/<int:x>"], "/\u0661", 0),
        (["/<int:x>"], "/" + "9" * 5000, None if REFUSES_LONG_NUMBERS else 0),
        (["/only"], "/only\n", None),
        (["/only"], "//only", 0),
        (["/a/<x>/c", "/a/b/<int:x>"], "/a/b/c", 0),
        (["/api"], "/api2", None),
    ],
)
def test_precedence_and_converters(rules: list[str], path: str, index: int | None) -> None:
    found = matcher_of(*rules).match("GET", path)
    assert (found.index if found else None) == index


def test_a_missing_slash_names_the_slashed_rule() -> None:
    matcher = matcher_of(("/users", "POST"), ("/users/", "GET"))
    assert matcher.match("GET", "/users") == Found(1, redirect="/users/")
    assert matcher.match("POST", "/users") == Found(0)


def test_doubled_slashes_name_the_merged_rule() -> None:
    assert matcher_of("/a/<x>").match("GET", "/a//b") == Found(0, redirect="/a/b")
    assert matcher_of("/a/<x>", merge_slashes=False).match("GET", "/a//b") is None


def test_at_path_lists_every_rule_whatever_its_method() -> None:
    matcher = matcher_of(("/a/<x>", "DELETE"), ("/a/b", "GET"), ("/b", "GET"))
    assert matcher.at_path("/a/b") == [1, 0]
    assert matcher.at_path("/a//b") == [1, 0]
    assert matcher.at_path("/c") == []


class Broken(BaseConverter):
    def to_python(self, value: str) -> str:
        raise RuntimeError(value)


def test_a_converter_that_breaks_leaves_the_request_to_its_rule() -> None:
    rule = next(Map([Rule("/<broken:x>", endpoint=0)], converters={"broken": Broken}).iter_rules())
    assert Matcher([(rule, None)]).match("GET", "/a") == Found(0)
