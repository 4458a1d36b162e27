"""The cases of a plan: what is asked again without the right credential, and which of two cases of one name it has."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3  # noqa: F401 - Schemathesis needs it, and its first import binds a socket: here no test seems to

from gateway.errors import GatewayError
from gateway.http.message import Request
from gateway.parity.corpus.case import Case
from gateway.parity.plan import MAX_INVALIDATED, plan_routes, with_cases
from tests.support.projects import Project, project_in

LEGACY = """
    from flask import Flask

    def create_app():
        app = Flask(__name__, static_folder=None)
        for rule, method in (("/login", "POST"), ("/me", "GET"), ("/items/<int:item_id>", "PUT"), ("/only", "GET")):
            app.add_url_rule(rule, rule, lambda **values: "", methods=[method])
        return app
"""
NEW = """
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    for path, method in (("/login", "POST"), ("/me", "GET"), ("/items/{item_id:int}", "PUT")):
        app.add_api_route(path, lambda: "", methods=[method])
"""
ONE_ROUTE = """
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    app.add_api_route("/me", lambda: "")
"""
MAP = """
    [gateway]
    legacy = "legacy_shop:create_app"
    new = "new_shop:app"

    [parity]
    environment = { SHOP_LOG = "{asctime} in {directory}" }
"""
SIGNED_IN = """
    [[case]]
    name = "{name}"
    source = "{source}"
    step = [
      {{ request = "{first}" }},
      {{ request = "POST /login", json = {{ user = "ada" }}, capture = {{ token = "body.token" }} }},
      {{ request = "PUT /items/1", json = {{ stock = 1 }}, headers = {{ Authorization = "Bearer {{{{token}}}}" }} }},
      {{ request = "PUT /items/1", json = {{ stock = -1 }}, headers = {{ Authorization = "Bearer {{{{token}}}}" }} }},
    ]
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_in(tmp_path) as project:
        project.write("legacy_shop.py", LEGACY)
        project.write("new_shop.py", NEW)
        project.write("migration_map.toml", MAP)
        yield project


def planned(project: Project, *, generated: bool = False) -> dict[str, Case]:
    plan = with_cases(plan_routes(project.directory / "migration_map.toml", ()), generated=generated, seed=1)
    names = [case.name for case in plan.cases]
    assert len(set(names)) == len(names)
    return {case.name: case for case in plan.cases}


def signed_in(name: str, *, source: str = "tests", first: str = "GET /me") -> str:
    return SIGNED_IN.format(name=name, source=source, first=first)


def test_every_step_with_a_credential_is_asked_without_it_and_those_before_are_as_they_are(project: Project) -> None:
    project.write("corpus/a.toml", signed_in("a"))
    cases = planned(project)
    assert set(cases) == {
        "a",
        *(f"a{step} [{kind}]" for step in ("", ", request 3") for kind in ("anonymous", "wrong")),
    }
    whole, cut, last = cases["a"], cases["a, request 3 [anonymous]"], cases["a [anonymous]"]
    assert (cut.credential, cut.steps[:2]) == ("anonymous", whole.steps[:2])
    assert (cut.steps[2].request.method, cut.steps[2].request.body) == ("PUT", whole.steps[2].request.body)
    assert b"authorization" not in {name.lower() for name, _ in cut.steps[2].request.headers}
    assert (len(cut.steps), len(last.steps), last.steps[:3]) == (3, 4, whole.steps[:3])


@pytest.mark.long
def test_of_a_route_the_first_steps_of_written_cases_are_spoilt(project: Project) -> None:
    project.write("corpus/counterexamples.toml", signed_in("f", source="counterexample"))
    project.write("corpus/z.toml", signed_in("y") + signed_in("z"))
    cases = planned(project, generated=True)
    requests = {name: case.steps[-1].request for name, case in cases.items() if name.endswith("[anonymous]")}
    spoilt = [name for name, request in requests.items() if (request.method, request.target) == ("PUT", b"/items/1")]
    assert spoilt == [f"{name} [anonymous]" for name in ("y, request 3", "y", "z, request 3")]
    assert len(spoilt) == MAX_INVALIDATED


def test_requests_that_have_no_credential_take_no_place_of_one_that_has(project: Project) -> None:
    refused = "".join(f'\n[[case]]\nname = "{at}"\nrequest = "PUT /items/1"\n' for at in range(MAX_INVALIDATED))
    project.write("corpus/a.toml", refused)
    assert {f"{at} [wrong]" for at in range(MAX_INVALIDATED)} < planned(project).keys()
    project.write("corpus/b.toml", signed_in("b"))
    cases = planned(project)
    assert {"b [anonymous]", "b, request 3 [anonymous]", "0 [wrong]"} < cases.keys()
    assert "1 [wrong]" not in cases


def test_a_case_that_is_left_out_takes_no_place(project: Project) -> None:
    project.write("migration_map.toml", f'{MAP}    exclude = {{ "GET /only" = "why" }}\n')
    project.write("corpus/a.toml", "".join(signed_in(f"a{at}", first="GET /only") for at in range(MAX_INVALIDATED)))
    project.write("corpus/b.toml", signed_in("b"))
    assert {name.partition(" ")[0] for name in planned(project)} == {"b", "b,"}


def test_what_only_flask_has_is_asked_of_legacy_on_both_sides(project: Project) -> None:
    project.write("corpus/a.toml", signed_in("a", first="GET /only"))
    cases = planned(project)
    assert [step.by_legacy for step in cases["a"].steps] == [True, False, False, False]
    assert [step.by_legacy for step in cases["a, request 3 [anonymous]"].steps] == [True, False, False]


HOST_OF_ITS_OWN = 'headers = { Host = "other.test" }'


@pytest.mark.parametrize(
    ("base_url", "headers", "expected"),
    [
        ("", "", ["gateway.test"]),
        ("http://shop.test:81", "", ["shop.test:81"]),
        ("https://shop.test", "", ["shop.test", "https"]),
        ("https://shop.test", HOST_OF_ITS_OWN, ["other.test"]),
        ("https://shop.test", 'headers = { X-Forwarded-Proto = "http" }', ["shop.test", "http"]),
    ],
)
def test_requests_are_of_the_maps_host_where_they_name_none(
    project: Project, base_url: str, headers: str, expected: list[str]
) -> None:
    project.write("migration_map.toml", f'{MAP}    base_url = "{base_url}"\n' if base_url else MAP)
    project.write("corpus/a.toml", f'[[case]]\nname = "a"\nrequest = "GET /me"\n{headers}\n')
    (step,) = planned(project)["a"].steps
    assert [value.decode() for _, value in step.request.headers] == expected


@pytest.mark.long
def test_generated_requests_go_where_most_of_the_corpus_goes(project: Project) -> None:
    project.write("new_shop.py", ONE_ROUTE)
    shop = 'headers = { Host = "shop.test", X-Forwarded-Proto = "https" }'
    text = "".join(f'[[case]]\nname = "{at}"\nrequest = "GET /me"\n{shop if at else ""}\n' for at in range(3))
    project.write("corpus/a.toml", text)
    made = [case.steps[-1].request for case in planned(project, generated=True).values() if case.is_generated]
    assert made
    assert {(one.header("host"), one.header("x-forwarded-proto")) for one in made} == {("shop.test", "https")}


def test_what_a_har_file_has_in_no_case_is_noted(project: Project) -> None:
    entries = [{"request": {"method": "GET", "url": url}} for url in ("http://a.test/me", "data:,x", "http://b.test/")]
    project.write("corpus/a.har", json.dumps({"log": {"entries": entries}}))
    plan = with_cases(plan_routes(project.directory / "migration_map.toml", ()), generated=False, seed=1)
    assert [note.partition(";")[0] for note in plan.notes] == [
        "a.har: passed over 1 (first: log.entries[1]): a URL of data:, not of http: or https:",
        "a.har: passed over 1 (first: log.entries[2], b.test): to another host than a.test",
    ]


def test_a_written_case_stays_where_a_generated_one_has_its_name(project: Project) -> None:
    name = "GET /me: good"
    project.write("new_shop.py", ONE_ROUTE)
    assert planned(project, generated=True)[name].source == "generated"
    project.write("corpus/a.toml", f'[[case]]\nname = "{name}"\nrequest = "GET /me?page=2"\n')
    case = planned(project, generated=True)[name]
    assert (case.source, case.steps[0].request.target) == ("written", b"/me?page=2")


@pytest.mark.parametrize(("middleware", "key"), [("", ""), ("app.add_middleware(CORSMiddleware)", "GET /me")])
def test_a_preflight_is_of_the_route_that_it_asks_for_where_a_middleware_answers(
    project: Project, middleware: str, key: str
) -> None:
    lines = ("from fastapi.middleware.cors import CORSMiddleware", textwrap.dedent(NEW), middleware)
    project.write("new_shop.py", "\n".join(lines))
    plan = plan_routes(project.directory / "migration_map.toml", ())
    names = (b"origin", b"https://a.test"), (b"access-control-request-method", b"GET")
    assert plan.route_of(Request("OPTIONS", b"/me", names)) == key
    assert plan.route_of(Request("OPTIONS", b"/me", names[:1])) == ""


def test_what_flask_keeps_is_no_evidence_for_a_route_and_legacys_on_both_sides(project: Project) -> None:
    """The new side's GET takes no HEAD."""
    steps = 'step = [{ request = "HEAD /me" }, { request = "GET /me" }]'
    project.write("corpus/a.toml", f'[[case]]\nname = "a"\n{steps}\n')
    plan = with_cases(plan_routes(project.directory / "migration_map.toml", ()), generated=False, seed=1)
    (case,) = (case for case in plan.cases if case.name == "a")
    assert [step.by_legacy for step in case.steps] == [True, False]
    assert plan.routes_of(case) == ("", "GET /me")


WITHOUT_NEW = MAP.replace('    new = "new_shop:app"\n', "") + '    exclude = { "GET /only" = "why" }\n'
FLIPPED = """
    [gateway]
    legacy = "legacy_shop:create_app"
    new = "not_there:app"
    default = "new"

    [routes]
    "GET /me"       = "new"
    "POST /login"   = { mode = "canary", percent = 10 }
    "GET /only-new" = "new"
    "WS /live"      = "new"

    [parity]
    exclude = { "GET /only" = "why" }
"""


@pytest.mark.parametrize("text", [WITHOUT_NEW, FLIPPED])
def test_against_itself_every_route_of_flask_is_compared_and_the_new_app_is_not_read(
    project: Project, text: str
) -> None:
    project.write("migration_map.toml", text)
    project.write("corpus/a.toml", signed_in("a") + '[[case]]\nname = "head"\nrequest = "HEAD /me"\n')
    path = project.directory / "migration_map.toml"
    plan = with_cases(plan_routes(path, (), against_itself=True), generated=True, seed=1)
    assert set(plan.routes) == {"GET /me", "POST /login", "PUT /items/<int:item_id>"}
    assert (plan.is_against_itself, plan.is_whole, plan.one_sided) == (True, True, ())
    assert (plan.map.legacy, plan.map.new) == ("legacy_shop:create_app",) * 2
    assert {"a", "head", "GET /me: good", "a [anonymous]"} <= {case.name for case in plan.cases}
    assert not any(step.by_legacy for case in plan.cases for step in case.steps)
    (head,) = (case for case in plan.cases if case.name == "head")
    assert plan.routes_of(head) == ("GET /me",)


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ("GET /mee", 'parity: the Flask app has no route "GET /mee"; did you mean "GET /me"?; see `gateway routes`'),
        ("GET /only", 'parity: the map leaves "GET /only" out: why'),
    ],
)
def test_against_itself_a_route_that_cannot_be_compared_is_refused(project: Project, route: str, message: str) -> None:
    project.write("migration_map.toml", FLIPPED)
    with pytest.raises(GatewayError) as caught:
        plan_routes(project.directory / "migration_map.toml", [route], against_itself=True)
    assert str(caught.value) == message
