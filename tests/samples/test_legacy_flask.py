"""The Flask sample app, in-process: what every system answers."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from new_fastapi.models import Feedback
from new_fastapi.seed import PASSWORD
from tests.support.depot import lend_legacy
from tests.support.stores import Store

ADA = {"id": 1, "name": "Ada Morgan", "email": "ada@example.com", "age": 36}
SPA = "http://localhost:5173"
TOKEN = r'name="csrf_token"[^>]* value="([^"]+)"'


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with store.new_database() as url:
        yield url


@pytest.fixture
def app(url: str, tmp_path: Path) -> Iterator[Flask]:
    with lend_legacy(url, tmp_path) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def engine(app: Flask) -> Engine:
    return app.extensions["engine"]


@pytest.mark.parametrize("path", ["/hello", "/nowhere", "/static/depot.css", "/todos/99"])
def test_every_answer_is_timed_and_not_sniffed(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        assert float(response.headers["X-Process-Time"]) > 0
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("origin", "allowed"), [(SPA, SPA), ("http://evil.example", None)])
def test_cors_is_for_our_own_pages(client: FlaskClient, origin: str, allowed: str | None) -> None:
    response = client.get("/hello", headers={"Origin": origin})
    assert response.headers.get("Access-Control-Allow-Origin") == allowed


def test_home_page_links_the_style_sheet_and_every_line(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert '<link rel="stylesheet" href="/static/depot.css">' in page
    assert re.findall(r'href="/routes/(\d)">([^<]+)<', page) == [
        ("1", "10 Harbour - Hospital"),
        ("2", "20 University - Market"),
        ("3", "30 Town Hall - Airport"),
    ]
    with client.get("/static/depot.css") as style:
        assert style.content_type == "text/css; charset=utf-8"


def test_a_todo_from_birth_to_death(client: FlaskClient) -> None:
    created = client.post("/todos", json={"title": "  Wash bus 3 "})
    assert (created.status_code, created.json) == (201, {"id": 9, "title": "Wash bus 3", "done": False})
    changed = client.put("/todos/9", json={"done": True})
    assert (changed.status_code, changed.json) == (200, {"id": 9, "title": "Wash bus 3", "done": True})
    assert client.get("/todos/9").json == changed.json
    assert changed.json in client.get("/todos").json
    assert client.delete("/todos/9").status_code == 204
    assert client.get("/todos/9").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("POST", "/todos", {}, 400, "title is required"),
        ("POST", "/todos", {"title": " "}, 400, "title is required"),
        ("POST", "/todos", {"title": 5}, 400, "title is required"),
        ("POST", "/todos", {"title": "NUL \0"}, 400, "title is required"),
        ("POST", "/todos", {"title": "half a pair \ud800"}, 400, "title is required"),
        ("POST", "/todos", {"title": "x" * 201}, 400, "title must have at most 200 characters"),
        ("POST", "/todos", {"title": "x", "done": "yes"}, 400, "done must be true or false"),
        ("POST", "/todos", [], 400, "a JSON object is required as the body"),
        ("PUT", "/todos/1", {"title": None}, 400, "title is required"),
        ("PUT", "/todos/99", {"title": None}, 404, "todo 99 not found"),
        ("DELETE", "/todos/99", None, 404, "todo 99 not found"),
        ("GET", f"/todos/{10**20}", None, 404, f"todo {10**20} not found"),
    ],
)
def test_todo_refusals(client: FlaskClient, method: str, path: str, body: Any, status: int, error: str) -> None:
    before = client.get("/todos").json
    response = client.open(path, method=method, json=body)
    assert (response.status_code, response.json) == (status, {"error": error})
    assert client.get("/todos").json == before


def test_users(client: FlaskClient) -> None:
    gil = {"name": "Gil", "email": "gil@example.com", "age": 30}
    assert client.get("/users/1").json == ADA
    created = client.post("/users", json=gil)
    assert (created.status_code, created.json) == (201, {"id": 7, **gil})
    assert [user["id"] for user in client.get("/users/").json] == [1, 2, 3, 4, 5, 6, 7]
    again = client.post("/users", json=gil)
    assert (again.status_code, again.json) == (409, {"error": "email is already taken"})


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (None, "a JSON object is required as the body"),
        ({"name": 1, "email": "x", "age": "y"}, "name must be a string of 1 to 80 characters"),
        ({"name": "A", "email": "x", "age": "y"}, "email must be a valid e-mail address"),
        ({"name": "A\0", "email": "a@b.c", "age": 1}, "name must be a string of 1 to 80 characters"),
        ({"name": "A", "email": "a@b.c\n", "age": 1}, "email must be a valid e-mail address"),
        ({"name": "A", "email": "a\0@b.c", "age": 1}, "email must be a valid e-mail address"),
        ({"name": "A", "email": "a@b.c", "age": "30"}, "age must be an integer from 0 to 150"),
        ({"name": "A", "email": "a@b.c", "age": True}, "age must be an integer from 0 to 150"),
        ({"name": "A", "email": "a@b.c", "age": 10**20}, "age must be an integer from 0 to 150"),
    ],
)
def test_the_first_error_of_a_user_is_the_answer(client: FlaskClient, body: Any, error: str) -> None:
    response = client.post("/users", json=body)
    assert (response.status_code, response.json) == (400, {"error": error})


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", range(1, 13)),
        ("?department=2", range(6, 10)),
        ("?department=2&department=3", range(6, 10)),
        ("?department=99", ()),
        ("?department=abc", range(1, 13)),
        (f"?department={10**20}", range(1, 13)),
    ],
)
def test_employees_of_a_department(client: FlaskClient, query: str, ids: range) -> None:
    assert [employee["id"] for employee in client.get(f"/employees{query}").json] == list(ids)


def test_an_employee(client: FlaskClient) -> None:
    department = {"id": 2, "name": "Workshop"}
    olga = {"id": 9, "name": "Olga Petrova", "role": "workshop lead", "department": department}
    assert client.get("/employees/9").json == olga


def test_dashboard_reads_one_source_after_the_other(client: FlaskClient) -> None:
    response = client.get("/dashboard")
    figures = {"employees": 12, "open_todos": 5, "trips": 6, "buses_on_the_road": 9, "buses_delayed": 1}
    assert response.json == figures
    assert float(response.headers["X-Process-Time"]) >= 0.15


def test_products_have_exact_prices_and_http_dates(client: FlaskClient) -> None:
    ticket, day_pass = client.get("/products").json[:2]
    assert (ticket["price"], day_pass["price"]) == ("1.10", "5")
    assert ticket["listed_at"] == "Tue, 02 Jan 2024 03:04:05 GMT"
    assert client.get("/products/1").json == ticket


def test_transit_trees(client: FlaskClient) -> None:
    route, stop, trip = (client.get(path).json for path in ("/routes/1", "/stops/1", "/trips/1/stops"))
    harbour = {"id": 1, "name": "Harbour", "zone": 1}
    assert trip["route"] == {"id": 1, "name": "10 Harbour - Hospital"}
    assert trip["trip_stops"][0] == {"position": 1, "arrives": "07:00:00", "stop": harbour}
    assert route["trips"][0] == {key: value for key, value in trip.items() if key != "route"}
    first_call = {key: trip[key] for key in ("id", "headsign", "route")}
    assert stop == {
        **harbour,
        "trip_stops": [
            {"position": 1, "arrives": "07:00:00", "trip": first_call},
            {"position": 4, "arrives": "08:15:00", "trip": first_call | {"id": 2, "headsign": "Harbour"}},
        ],
    }


@pytest.mark.parametrize("path", ["/routes/9", "/stops/9", "/trips/9/stops", "/products/99"])
def test_an_unknown_row_is_a_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    noun, number = path.strip("/").split("/")[:2]
    assert (response.status_code, response.json) == (404, {"error": f"{noun[:-1]} {number} not found"})


def test_a_session_from_login_to_logout(client: FlaskClient) -> None:
    assert client.get("/me").status_code == 401
    login = client.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    assert (login.status_code, login.json) == (200, ADA)
    assert {"HttpOnly", "SameSite=Lax"} <= set(login.headers["Set-Cookie"].split("; "))
    assert client.get("/me").json == ADA
    assert client.post("/logout").status_code == 204
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ada@example.com", "password": "wrong"},
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "ada@example.com\0", "password": PASSWORD},
        {"email": "ada@example.com", "password": "\ud800"},
        {"email": "ada@example.com"},
    ],
)
def test_a_wrong_login_signs_nobody_in(client: FlaskClient, body: dict[str, str]) -> None:
    response = client.post("/login", json=body)
    assert (response.status_code, response.json) == (401, {"error": "wrong e-mail or password"})
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize(
    ("auth", "status"), [(("ada@example.com", PASSWORD), 200), (("ada@example.com", "x"), 401), (None, 401)]
)
def test_whoami(client: FlaskClient, auth: tuple[str, str] | None, status: int) -> None:
    response = client.get("/whoami", auth=auth)
    assert response.status_code == status
    if status == 200:
        assert response.json == ADA
    else:
        assert response.headers["WWW-Authenticate"] == 'Basic realm="Depot"'


def test_feedback_is_kept_thanked_for_once_and_escaped(client: FlaskClient, engine: Engine) -> None:
    token = re.search(TOKEN, client.get("/feedback").text)
    assert token
    sent = client.post("/feedback", data={"csrf_token": token[1], "name": "<i>Ada</i>", "message": "Late."})
    assert (sent.status_code, sent.headers["Location"]) == (302, "/feedback")
    thanks = html.escape("Thank you, <i>Ada</i>.")
    assert [thanks in client.get("/feedback").text for _ in range(2)] == [True, False]
    with Session(engine) as session:
        assert [row.message for row in session.scalars(select(Feedback))] == ["Late."]


@pytest.mark.parametrize(
    ("message", "token", "error"),
    [
        ("Late.", "", "The CSRF token is missing."),
        ("NUL \0", TOKEN, "This text has a character that cannot be stored."),
        ("", TOKEN, "This field is required."),
    ],
)
def test_feedback_that_is_refused(client: FlaskClient, engine: Engine, message: str, token: str, error: str) -> None:
    found = re.search(token, client.get("/feedback").text)
    form = {"name": "Ada", "message": message, "csrf_token": found[1] if token and found else ""}
    response = client.post("/feedback", data=form)
    assert (response.status_code, error in response.text) == (400, True)
    with Session(engine) as session:
        assert session.scalars(select(Feedback)).all() == []


def test_events_are_streamed_and_end(client: FlaskClient) -> None:
    response = client.get("/events")
    assert response.mimetype == "text/event-stream"
    assert "Content-Length" not in response.headers
    frames = response.text.split("\n\n")
    assert [frame.split("\n")[0] for frame in frames] == ["id: 1", "id: 2", "id: 3", "id: 4", "id: 5", ""]


def test_report_is_conditional_and_in_ranges(client: FlaskClient) -> None:
    with client.get("/report.csv") as whole:
        etag = whole.headers["ETag"]
        assert whole.data.startswith(b"id,name,role,department\n1,Greta Lind,")
    with client.get("/report.csv", headers={"If-None-Match": etag}) as unchanged:
        assert (unchanged.status_code, unchanged.data) == (304, b"")
    with client.get("/report.csv", headers={"Range": "bytes=3-6"}) as part:
        assert (part.status_code, part.data) == (206, b"name")
