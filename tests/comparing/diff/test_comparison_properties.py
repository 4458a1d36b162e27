"""Whatever is observed agrees with itself, and one thing changed in it is found at exactly its place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.comparing.observation import Effects, Observation, Outbound, RowChange
from gateway.comparing.result import member
from gateway.http.message import Response
from tests.comparing.answers import answer, found, headers

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
tokens = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20)
kinds = st.sampled_from(
    [
        "application/json",
        "text/html; charset=utf-8",
        "text/event-stream",
        "application/x-ndjson",
        "text/plain",
        "image/png",
    ]
)
bodies = st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()) | st.text().map(
    lambda text: f"<p title='a'>{text}</p>\n\n".encode("utf-8", "replace")
)  # fmt: skip
lines = st.lists(st.tuples(tokens | st.just("Set-Cookie"), texts).map(": ".join), max_size=5)


@st.composite
def responses(draw: st.DrawFn) -> Response:
    options = {name: draw(st.booleans()) for name in ("is_stream", "is_cut")}
    status = draw(st.sampled_from([200, 201, 204, 302, 304, 401, 500]))
    return answer(draw(bodies), draw(kinds), *draw(lines), status=status, **options)


words = st.text(max_size=8)
rows = st.lists(st.tuples(words, words), max_size=3).map(tuple)
changes = st.builds(
    RowChange,
    words,
    st.sampled_from(["inserted", "updated", "deleted"]),
    st.lists(words, max_size=2).map(tuple),
    rows,
    rows,
)


def many(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=4).map(tuple)


effects = st.builds(
    Effects,
    many(changes),
    many(words),
    many(st.builds(Outbound, words, words)),
    many(words),
    many(words),
    st.integers(0, 3),
)
observations = st.builds(Observation, st.none() | responses(), st.none() | words, st.just(0.1), effects)
methods = st.sampled_from(["GET", "HEAD", "POST"])
modes = st.sampled_from(["typed", "canonical", "bytes"])


@given(observations, methods, modes)
def test_an_observation_agrees_with_itself(observation: Observation, method: str, mode: str) -> None:
    again = replace(observation, duration=0.2)
    assert found(observation, again, method=method, json_mode=mode) == []


@given(observations, observations, modes)
def test_any_two_observations_can_be_compared_and_written(one: Observation, other: Observation, mode: str) -> None:
    for where, control, candidate in found(one, other, json_mode=mode):
        assert control != candidate
        assert f"{where}{control}{candidate}".encode()


@given(st.data(), values)
def test_one_value_changed_is_found_at_its_place(data: st.DataObject, value: Any) -> None:
    where, changed = change(data, "body", value)
    for one, other in ((value, changed), (changed, value)):
        sides = (answer(json.dumps(side)) for side in (one, other))
        assert [place for place, *_ in found(*sides)] == [where]


def change(data: st.DataObject, where: str, value: Any) -> tuple[str, Any]:
    """A value with one leaf of it replaced by a text that it nowhere has, and where."""
    if isinstance(value, list) and value:
        index = data.draw(st.integers(0, len(value) - 1))
        place, changed = change(data, f"{where}[{index}]", value[index])
        return place, [*value[:index], changed, *value[index + 1 :]]
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        place, changed = change(data, member(where, key), value[key])
        return place, {**value, key: changed}
    return where, "a text that no other value is"


@given(st.data(), responses())
@settings(max_examples=60)
def test_one_header_changed_is_found_at_its_name(data: st.DataObject, response: Response) -> None:
    name = data.draw(st.sampled_from(["x-new", "etag", "location", "www-authenticate", "cache-control", "retry-after"]))
    clean = replace(response, headers=tuple(pair for pair in response.headers if pair[0].lower() != name.encode()))
    one, other = (replace(clean, headers=(*clean.headers, *headers(f"{name}: {value}"))) for value in "12")
    assert found(one, other) == [(f"header.{name}", "1", "2")]
    assert found(clean, other) == [(f"header.{name}", None, "2")]


@given(responses(), st.sampled_from(["Path", "Domain", "Max-Age", "Expires", "Secure", "HttpOnly", "SameSite"]))
@settings(max_examples=60)
def test_one_attribute_of_a_cookie_is_found_at_its_place(response: Response, attribute: str) -> None:
    line = "Set-Cookie: brand-new-cookie=1"
    plain, marked = (
        replace(response, headers=(*response.headers, *headers(one))) for one in (line, f"{line}; {attribute}=x")
    )
    assert found(plain, marked) == [(f"cookie.brand-new-cookie.{attribute.lower()}", None, "x")]


@given(effects, tokens)
@settings(max_examples=60)
def test_one_more_effect_is_found_at_its_place(before: Effects, name: str) -> None:
    cases = [
        (replace(before, statements=(*before.statements, f"SELECT {name}")), f"effect.statements.SELECT {name}"),
        (replace(before, outbound=(*before.outbound, Outbound("connect", name))), "effect.outbound"),
        (replace(before, files=(*before.files, name)), "effect.files"),
        (replace(before, errors=(*before.errors, f"app: {name}")), "effect.errors"),
        (replace(before, open_connections=before.open_connections + 1), "effect.open_connections"),
        (replace(before, rows=(*before.rows, RowChange("a new table", "inserted", ("1",)))), "effect.rows.a new table"),
    ]
    for after, where in cases:
        differences = found(Observation(answer("1"), effects=before), Observation(answer("1"), effects=after))
        assert [place for place, *_ in differences] == [where]
