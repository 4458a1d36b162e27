"""The FastAPI sample app, in-process: what every system answers."""

import csv
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect
from werkzeug.security import generate_password_hash

from new_fastapi import passwords
from new_fastapi.database import open_engine
from new_fastapi.models import Employee, Stop, Trip, TripStop
from new_fastapi.resources import REPORT
from new_fastapi.seed import PASSWORD, PASSWORD_HASH
from tests.support.depot import lend_new
from tests.support.stores import Store

ADA = {"id": 1, "name": "Ada Morgan", "email": "ada@example.com", "age": 36}
SPA = "http://localhost:5173"


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with store.new_database() as url:
        yield url


@pytest.fixture
def client(url: str, tmp_path: Path) -> Iterator[TestClient]:
    with lend_new(url, tmp_path) as app, TestClient(app) as client:
        yield client


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The test's own way to the same database."""
    engine = open_engine(url, pool_size=1)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("path", ["/hello", "/nowhere", "/static/depot.css", "/todos/99"])
def test_every_answer_is_timed_and_not_sniffed(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert float(headers["X-Process-Time"]) > 0
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("origin", "allowed"), [(SPA, SPA), ("http://evil.example", None)])
def test_cors_is_for_our_own_pages(client: TestClient, origin: str, allowed: str | None) -> None:
    response = client.get("/hello", headers={"Origin": origin})
    assert response.headers.get("Access-Control-Allow-Origin") == allowed


def test_home_page_links_the_style_sheet_and_every_line(client: TestClient) -> None:
    page = client.get("/").text
    assert '<link rel="stylesheet" href="http://testserver/static/depot.css">' in page
    assert page.count('href="http://testserver/routes/') == 3
    assert client.get("/static/depot.css").headers["Content-Type"] == "text/css; charset=utf-8"


def test_a_todo_from_birth_to_death(client: TestClient) -> None:
    created = client.post("/todos", json={"title": "  Wash bus 3 "})
    assert (created.status_code, created.json()) == (201, {"id": 9, "title": "Wash bus 3", "done": False})
    changed = client.put("/todos/9", json={"done": True})
    assert (changed.status_code, changed.json()) == (200, {"id": 9, "title": "Wash bus 3", "done": True})
    assert client.get("/todos/9").json() == changed.json()
    assert changed.json() in client.get("/todos").json()
    assert client.delete("/todos/9").status_code == 204
    assert client.get("/todos/9").json() == {"detail": "todo 9 not found"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/todos", {}, 422),
        ("POST", "/todos", {"title": " "}, 422),
        ("POST", "/todos", {"title": "NUL \0"}, 422),
        ("POST", "/todos", {"title": "x" * 201}, 422),
        ("PUT", "/todos/1", {"title": ""}, 422),
        ("PUT", "/todos/99", {"done": True}, 404),
        ("DELETE", "/todos/99", None, 404),
        ("GET", f"/todos/{10**20}", None, 422),
    ],
)
def test_todo_refusals(client: TestClient, method: str, path: str, body: Any, status: int) -> None:
    before = client.get("/todos").json()
    assert client.request(method, path, json=body).status_code == status
    assert client.get("/todos").json() == before


def test_users(client: TestClient) -> None:
    gil = {"name": "Gil", "email": "gil@example.com", "age": 30}
    assert client.get("/users/1").json() == ADA
    created = client.post("/users", json=gil)
    assert (created.status_code, created.json()) == (201, {"id": 7, **gil})
    assert [user["id"] for user in client.get("/users/").json()] == [1, 2, 3, 4, 5, 6, 7]
    again = client.post("/users", json=gil)
    assert (again.status_code, again.json()) == (409, {"detail": "email is already taken"})


def test_all_errors_of_a_user_are_the_answer(client: TestClient) -> None:
    response = client.post("/users", json={"name": 1, "email": "x", "age": "y"})
    assert response.status_code == 422
    assert [error["loc"][-1] for error in response.json()["detail"]] == ["name", "email", "age"]


@pytest.mark.parametrize(
    ("query", "ids"), [("", range(1, 13)), ("?department=2", range(6, 10)), ("?department=99", ())]
)
def test_employees_of_a_department(client: TestClient, query: str, ids: range) -> None:
    assert [employee["id"] for employee in client.get(f"/employees{query}").json()] == list(ids)


def test_an_employee(client: TestClient) -> None:
    department = {"id": 2, "name": "Workshop"}
    olga = {"id": 9, "name": "Olga Petrova", "role": "workshop lead", "department": department}
    assert client.get("/employees/9").json() == olga
    assert client.get("/employees?department=abc").status_code == 422


def test_dashboard(client: TestClient) -> None:
    figures = {"employees": 12, "open_todos": 5, "trips": 6, "buses_on_the_road": 9, "buses_delayed": 1}
    assert client.get("/dashboard").json() == figures


@pytest.mark.long
def test_dashboard_reads_both_sources_together(client: TestClient) -> None:
    responses = [client.get("/dashboard") for _ in range(5)]
    assert 0.1 <= min(float(response.headers["X-Process-Time"]) for response in responses) < 0.15


def test_products_have_exact_prices_and_iso_dates(client: TestClient) -> None:
    ticket, day_pass = client.get("/products").json()[:2]
    assert (ticket["price"], day_pass["price"]) == ("1.10", "5")
    assert ticket["listed_at"] == "2024-01-02T03:04:05.678900"
    assert client.get("/products/1").json() == ticket


def test_transit_trees(client: TestClient) -> None:
    paths = ("/routes/1", "/stops/1", "/trips/1/stops")
    route, stop, trip = (client.get(path).json() for path in paths)
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


@pytest.mark.parametrize("added", [10, 600])  # SQLAlchemy's selectin loading asks anew for each 500 rows
@pytest.mark.parametrize("path", ["/routes/1", "/stops/1", "/trips/1/stops"])
def test_a_bigger_tree_takes_no_more_statements(client: TestClient, engine: Engine, path: str, added: int) -> None:
    few = statements_of(client, path)
    with engine.begin() as connection:
        trips = connection.scalars(insert(Trip).returning(Trip.id), [{"route_id": 1, "headsign": "New"}] * added).all()
        stops = connection.scalars(insert(Stop).returning(Stop.id), [{"name": "New", "zone": 1}] * added).all()
        calls = [*((trip, 1) for trip in trips), *((1, stop) for stop in stops)]
        rows = [{"trip_id": trip, "stop_id": stop, "position": 9, "arrives": time(7)} for trip, stop in calls]
        connection.execute(insert(TripStop), rows)
    assert 1 <= len(few) <= 4
    assert statements_of(client, path) == few


def statements_of(client: TestClient, path: str) -> list[str]:
    """The SQL that one request runs."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return seen


@pytest.mark.parametrize("path", ["/routes/9", "/stops/9", "/trips/9/stops", "/products/99"])
def test_an_unknown_row_is_a_404(client: TestClient, path: str) -> None:
    response = client.get(path)
    noun, number = path.strip("/").split("/")[:2]
    assert (response.status_code, response.json()) == (404, {"detail": f"{noun[:-1]} {number} not found"})


@pytest.mark.parametrize(
    ("auth", "status"), [(("ada@example.com", PASSWORD), 200), (("ada@example.com", "x"), 401), (None, 401)]
)
def test_whoami(client: TestClient, auth: tuple[str, str] | None, status: int) -> None:
    response = client.get("/whoami", auth=auth)
    assert response.status_code == status
    if status == 200:
        assert response.json() == ADA
    else:
        assert response.headers["WWW-Authenticate"] == 'Basic realm="Depot"'


def test_password_hashes_of_the_flask_side() -> None:
    stored = generate_password_hash("pässword")
    assert passwords.matches("pässword", stored)
    assert passwords.matches(PASSWORD, PASSWORD_HASH)
    assert not passwords.matches("password", stored)
    assert not passwords.matches("", None)


def test_events_end(client: TestClient) -> None:
    response = client.get("/events")
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    frames = response.text.split("\n\n")
    assert [frame.split("\n")[0] for frame in frames] == ["id: 1", "id: 2", "id: 3", "id: 4", "id: 5", ""]


def test_report_is_the_seeded_staff(client: TestClient, engine: Engine) -> None:
    response = client.get("/report.csv", headers={"Range": "bytes=3-6"})
    assert (response.status_code, response.content) == (206, b"name")
    with Session(engine) as session, REPORT.open(newline="", encoding="utf-8") as report:
        staff = [
            {"id": str(one.id), "name": one.name, "role": one.role, "department": one.department.name}
            for one in session.scalars(select(Employee).order_by(Employee.id))
        ]
        assert list(csv.DictReader(report)) == staff


def test_live_pushes_a_stops_arrivals_and_closes(client: TestClient) -> None:
    with client.websocket_connect("/live?stop=1") as live:
        first = {"trip": 1, "headsign": "Hospital", "stop": "Harbour", "arrives": "07:00:00"}
        assert live.receive_json() == first
        assert live.receive_json()["arrives"] == "08:15:00"
        with pytest.raises(WebSocketDisconnect) as closed:
            live.receive_json()
    assert closed.value.code == 1000


def test_live_stops_when_its_client_leaves(client: TestClient) -> None:
    sent: list[str] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if message["type"] == "websocket.send":
            raise OSError("the client is gone")

    scope = {"type": "websocket", "path": "/live", "query_string": b"", "headers": [], "state": client.app_state}
    client.portal.call(client.app, scope, receive, send)
    assert sent == ["websocket.accept", "websocket.send"]
