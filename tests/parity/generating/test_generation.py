"""Cases from a Flask app: which there are, by name, and how the sample app answers them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, redirect, request, session

from gateway.config.parity_table import ReplaySettings
from gateway.parity.corpus.case import Case
from gateway.parity.corpus.case_reading import read_step
from gateway.parity.corpus.files import load_corpus, write_cases
from gateway.parity.generating.generation import MAX_CASES, VALID, generate
from gateway.parity.generating.variation import Group
from gateway.parity.replaying.replay import Replay
from gateway.parity.replaying.sandbox import ReplaySetup
from legacy_flask import create_app
from tests.support.depot import SECRET_KEY

ROOT = Path(__file__).parents[3]


def shop() -> Flask:
    """Never asked."""
    app = Flask("shop", static_folder=None)

    @app.get("/items/<int:item_id>")
    def read(item_id: int) -> Any:
        return [item_id, request.args.get("full", "no")]

    @app.delete("/items/<int:item_id>")
    def delete(item_id: int) -> Any:
        return str(item_id)

    @app.post("/items")
    def create() -> Any:
        data = request.get_json()
        return {"name": data["name"], "stock": data.get("stock", 1)}

    @app.put("/shelves/<int:shelf_id>")
    def change(shelf_id: int) -> Any:
        data = request.get_json()
        if not 0 <= data.get("height", 1) <= 150:
            abort(400)
        return {"id": shelf_id, "name": data.get("name"), "height": data.get("height")}

    @app.route("/me", methods=["GET"])
    def me() -> Any:
        return redirect("/login") if "user_id" not in session else ""

    return app


SAMPLES = (
    Case("item 7", (read_step({"request": "GET /items/7"}),)),
    Case("create", (read_step({"request": "POST /items", "json": {"name": "Bolt", "stock": 3}}),)),
    Case(
        "signed in",
        (
            read_step({"request": "POST /login", "json": {"user": "a"}, "capture": {"session": "cookie.session"}}),
            read_step({"request": "GET /me", "headers": {"Cookie": "session={{session}}"}}),
        ),
    ),
)


def is_valid(case: Case) -> bool:
    return case.name.rpartition(": ")[2].startswith(VALID)


def named(cases: tuple[Case, ...]) -> dict[str, Case]:
    return {case.name: case for case in cases}


def asked(case: Case) -> list[str]:
    return [f"{step.request.method} {step.request.target.decode()}" for step in case.steps]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("GET /items/<int:item_id>: good", "GET /items/1?full=no"),
        ("GET /items/<int:item_id>: item_id is -1", "GET /items/-1?full=no"),
        ("GET /items/<int:item_id>: item_id is %D9%A1", "GET /items/%D9%A1?full=no"),
        ("GET /items/<int:item_id>: item_id is empty", "GET /items/?full=no"),
        ("GET /items/<int:item_id>: full is missing", "GET /items/1"),
        ("GET /items/<int:item_id>: full comes twice", "GET /items/1?full=no&full=2"),
        ("GET /items/<int:item_id>: a slash at the end", "GET /items/1/?full=no"),
        ("GET /items/<int:item_id>: a double slash at the beginning", "GET //items/1?full=no"),
        ("GET /items/<int:item_id>: HEAD", "HEAD /items/1?full=no"),
        ("GET /items/<int:item_id>: OPTIONS", "OPTIONS /items/1?full=no"),
        ("GET /items/<int:item_id>: PATCH, which it does not take", "PATCH /items/1?full=no"),
    ],
)
def test_a_target_by_the_name_of_its_case(name: str, target: str) -> None:
    assert asked(named(generate(shop(), (), 1))[name]) == [target]


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("good", b'{"name":"A name","stock":1}'),
        ("name is missing", b'{"stock":1}'),
        ("name is null", b'{"name":null,"stock":1}'),
        ("stock is '1'", b'{"name":"A name","stock":"1"}'),
        ("stock is 1.0", b'{"name":"A name","stock":1.0}'),
        ("body is malformed", b'{"a": '),
        ("body is empty", b""),
    ],
)
def test_a_body_by_the_name_of_its_case(label: str, body: bytes) -> None:
    (step,) = named(generate(shop(), (), 1))[f"POST /items: {label}"].steps
    assert step.request.body == body
    assert dict(step.request.headers)[b"content-length"] == str(len(body)).encode()


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("GET /items/<int:item_id>: good", "valid request"),
        ("GET /items/<int:item_id>: item_id is empty", "path variable item_id: empty"),
        ("GET /items/<int:item_id>: full comes twice", "query full: comes twice"),
        ("GET /items/<int:item_id>: a slash at the end", "path: a slash at the end"),
        ("GET /items/<int:item_id>: HEAD", "method: HEAD"),
        ("GET /items/<int:item_id>: Accept is text/html", "client header Accept: text/html"),
        ("POST /items: name is missing", "json field name: missing"),
        ("POST /items: name is ''", "json field name: empty"),
        ("POST /items: body is empty", "json body: empty"),
        ("POST /items: twice", "sequence: twice"),
        ("PUT /shelves/<int:shelf_id>: height is 151", "limit of json field height: 151"),
        ("GET /me: good", 'valid request: lent login of "signed in"'),
        ("GET /me: asked again with its ETag", "conditional request: asked again with its ETag"),
    ],
)
def test_a_case_says_what_made_it(name: str, origin: str) -> None:
    assert named(generate(shop(), SAMPLES[2:], 1))[name].origin == origin


def test_every_origin_begins_with_the_group_of_the_generator() -> None:
    assert all(case.origin.startswith(tuple(Group)) for case in generate(shop(), SAMPLES, 1))


def test_what_was_created_is_read_and_deleted_on_each_side_by_its_own_id() -> None:
    case = named(generate(shop(), (), 1))["POST /items: created, read, changed, deleted, read"]
    item = "/items/{{id}}"
    assert asked(case) == ["POST /items", f"GET {item}?full=no", f"DELETE {item}", f"GET {item}?full=no"]
    assert case.steps[0].captures == (("id", "body.id"),)


def test_keys_are_changed_one_by_one() -> None:
    case = named(generate(shop(), (), 1))["PUT /shelves/<int:shelf_id>: key by key"]
    height, name, again = (json.loads(step.request.body) for step in case.steps)
    assert (height.keys(), name.keys(), again) == ({"height"}, {"name"}, height)


def test_values_beside_a_limit_are_never_left_to_chance() -> None:
    for seed in range(3):
        found = named(generate(shop(), (), seed))
        beside = {f"PUT /shelves/<int:shelf_id>: height is {value}" for value in (-1, 0, 1, 150, 151)}
        assert beside <= found.keys()


def test_an_etag_is_asked_for_again() -> None:
    first, again = named(generate(shop(), (), 1))["GET /me: asked again with its ETag"].steps
    assert first.captures == (("etag", "header.etag"),)
    assert (b"If-None-Match", b"{{etag}}") in again.request.headers


def test_values_and_credentials_are_those_of_the_samples() -> None:
    cases = named(generate(shop(), SAMPLES, 1))
    assert asked(cases["GET /items/<int:item_id>: good"]) == ["GET /items/7?full=no"]
    assert cases["POST /items: good"].steps[0].request.body == b'{"name":"Bolt","stock":3}'
    login, me = cases["GET /me: good"].steps
    assert login == SAMPLES[2].steps[0]
    assert (b"Cookie", b"session={{session}}") in me.request.headers


def test_only_a_route_that_asks_who_gets_the_credential_of_another() -> None:
    item = read_step({"request": "GET /items/1", "headers": {"Cookie": "session={{session}}"}})
    elsewhere = (Case("other", (SAMPLES[2].steps[0], item)),)
    cases = named(generate(shop(), elsewhere, 1))
    assert len(cases["GET /me: good"].steps) == 2
    assert len(cases["POST /items: good"].steps) == 1


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    directory = tmp_path_factory.mktemp("depot")
    app = create_app(
        database_url=f"sqlite:///{directory / 'x.sqlite3'}", secret_key=SECRET_KEY, upload_dir=directory / "uploads"
    )
    yield app
    app.extensions["engine"].dispose()


def own(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    """Not Flask-Admin's hundred routes."""
    return tuple(case for case in cases if " /admin/" not in case.name)


@pytest.fixture(scope="module")
def of_depot(depot: Flask) -> tuple[Case, ...]:
    return generate(depot, (), 1)


def test_every_route_has_a_good_case_five_bad_ones_and_no_more_than_its_share(of_depot: tuple[Case, ...]) -> None:
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for case in of_depot:
        counts[case.name.partition(": ")[0]][is_valid(case)] += 1
    assert len(counts) > 100
    assert min(count[True] for count in counts.values()) >= 1
    assert min(count[False] for count in counts.values()) >= 5
    assert max(count.total() for count in counts.values()) <= MAX_CASES
    assert len(named(of_depot)) == len(of_depot)


def test_the_seed_decides_and_nothing_else(depot: Flask, of_depot: tuple[Case, ...]) -> None:
    assert own(of_depot) == own(generate(depot, (), 1))
    assert set(of_depot) != set(generate(depot, (), 2))


def test_every_case_can_be_written_to_a_file(of_depot: tuple[Case, ...], tmp_path: Path) -> None:
    assert write_cases(tmp_path, "generated.toml", own(of_depot)).read_text()


@pytest.mark.long
@pytest.mark.process
def test_the_sample_app_likes_the_good_ones_and_refuses_many_of_the_others(depot: Flask) -> None:
    """Of the good ones 85 in 100 answer 2xx or 3xx; of the others some are refused, and none breaks the app."""
    wanted = ("POST /todos", "GET /todos/<", "POST /users")
    everything = own(generate(depot, load_corpus(ROOT / "corpus"), 1))
    cases = [case for case in everything if is_valid(case) or case.name.startswith(wanted)]
    statuses: dict[tuple[str, bool], Counter[int]] = defaultdict(Counter)
    for case, status in _answered(cases):
        statuses[case.name.partition(": ")[0], is_valid(case)][status // 100] += 1
    good = sum((count for (_, is_good_one), count in statuses.items() if is_good_one), Counter[int]())
    bad = {route: count for (route, is_good_one), count in statuses.items() if not is_good_one}
    assert (good[2] + good[3]) / good.total() >= 0.85
    assert {route for route, count in bad.items() if count[4] < 3} == set()
    assert sum(bad.values(), Counter[int]())[5] == 0


def _answered(cases: list[Case]) -> Iterator[tuple[Case, int]]:
    environment = (
        ("DEPOT_DATABASE_URL", "{database}"),
        ("DEPOT_UPLOAD_DIR", "{directory}/uploads"),
        ("DEPOT_LIMIT_STORAGE", "database://"),
    )
    setup = ReplaySetup(
        "legacy_flask:create_app", "legacy_flask:create_app", ReplaySettings(environment=environment), ROOT
    )
    with Replay(setup, workers=1, seed=1) as replay:
        for pair in replay.run(cases, lambda _step: ()):
            last = pair.steps[-1].control.response
            assert last is not None
            yield pair.case, last.status
