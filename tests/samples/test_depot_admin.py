"""The admin pages of both sample apps: for those who have signed in, without a password in sight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from new_fastapi.admin_tables import ADMIN_TABLES
from new_fastapi.database import open_engine
from new_fastapi.models import Employee, Feedback, Model, Product, Todo, Upload, User
from new_fastapi.seed import PASSWORD
from tests.support.depot import ADA, SIDES, lend_legacy, open_side
from tests.support.stores import QUICK_HASH, Store

PAGES = {
    "legacy": {"list": "/admin/{0}/", "create": "/admin/{0}/new/", "row": "/admin/{0}/{1}/?id=1"},
    "new": {"list": "/admin/{0}/list", "create": "/admin/{0}/create", "row": "/admin/{0}/{1}/1"},
}
REFUSED = {"legacy": (403, None), "new": (302, "http://testserver/admin/login")}
SIGN_IN = {"username": ADA["email"], "password": PASSWORD}
FORM = {"name": "Ada Lovelace", "email": ADA["email"], "age": "37"}


class Office:
    """One side's admin pages, and its database."""

    def __init__(self, side: str, client: TestClient, engine: Engine) -> None:
        self.side = side
        self.client = client
        self.engine = engine

    def page(self, kind: str, model: type[Model], *names: str) -> str:
        return PAGES[self.side][kind].format(segment(self.side, model), *names)

    def sign_in(self, password: str = PASSWORD) -> int:
        if self.side == "legacy":
            return self.client.post("/login", json={"email": ADA["email"], "password": password}).status_code
        form = SIGN_IN | {"password": password}
        return self.client.post("/admin/login", data=form, follow_redirects=False).status_code

    def door(self) -> tuple[int, str | None]:
        answer = self.client.get("/admin/", follow_redirects=False)
        return answer.status_code, answer.headers.get("Location")

    def submit(self, page: str, form: dict[str, str]) -> int:
        """As a browser does: with the CSRF token of the page, where it has one."""
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.client.get(page).text)
        token = {"csrf_token": found[1]} if found else {}
        return self.client.post(page, data=form | token, follow_redirects=False).status_code

    def row(self, model: type[Model], row_id: int = 1) -> Model | None:
        with Session(self.engine) as session:
            return session.get(model, row_id)


def segment(side: str, model: type[Model]) -> str:
    """What stands for a table in the paths of its pages."""
    return model.__tablename__ if side == "legacy" else re.sub(r"\B([A-Z])", r"-\1", model.__name__).lower()


@contextmanager
def open_office(side: str, store: Store, directory: Path) -> Iterator[Office]:
    with store.new_database() as url, open_side(side, url, directory) as client:
        engine = open_engine(url, pool_size=1)
        yield Office(side, client, engine)
        engine.dispose()


@pytest.fixture(params=SIDES)
def office(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[Office]:
    with open_office(request.param, store, tmp_path) as office:
        yield office


@pytest.fixture
def visited(office: Office) -> Office:
    """With a row of each table that only the outside writes, and with a user who has signed in."""
    office.client.post("/uploads/a", content=b"a")
    with Session(office.engine) as session:
        session.add(Feedback(name="Gil", message="Late."))
        session.commit()
    office.sign_in()
    return office


def flask_pages(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin/") and rule.endpoint != "admin.static":
            for method in (rule.methods or set()) & {"GET", "POST"}:
                yield method, rule.rule.replace("<export_type>", "csv")


def fastapi_pages(app: FastAPI) -> Iterator[tuple[str, str]]:
    mount = next(context.original_route for context in iter_route_contexts(app.routes) if context.path == "/admin")
    for context in iter_route_contexts(mount.routes):
        path = context.path.replace("{identity}", "user").replace("{export_type}", "csv")
        if path not in ("/login", "/logout", "/statics"):
            for method in context.methods:
                yield method, "/admin" + re.sub(r"{\w+(:path)?}", "1", path)


def test_nobody_else_gets_past_the_door(office: Office, store: Store, tmp_path: Path) -> None:
    with store.new_database() as url, lend_legacy(url, tmp_path) as flask_app:
        pages = list(flask_pages(flask_app) if office.side == "legacy" else fastapi_pages(office.client.app))
    assert len(pages) > 12
    for method, page in pages:
        answer = office.client.request(method, page, follow_redirects=False)
        assert (answer.status_code, answer.headers.get("Location")) == REFUSED[office.side], page


def test_the_door_opens_with_the_password_of_the_other_pages(office: Office) -> None:
    assert office.sign_in("wrong") == (401 if office.side == "legacy" else 400)
    assert office.door() == REFUSED[office.side]
    office.sign_in()
    assert office.door() == (200, None)
    assert "Bram de Vries" in office.client.get(office.page("list", User)).text


def test_out_is_out(office: Office) -> None:
    office.sign_in()
    method, path = ("POST", "/logout") if office.side == "legacy" else ("GET", "/admin/logout")
    office.client.request(method, path)
    assert office.door() == REFUSED[office.side]


def test_a_user_who_is_gone_is_signed_out(office: Office) -> None:
    office.sign_in()
    with Session(office.engine) as session:
        session.delete(session.get_one(User, 1))
        session.commit()
    assert office.door() == REFUSED[office.side]


def test_every_table_has_its_pages(visited: Office) -> None:
    for table in ADMIN_TABLES:
        assert visited.client.get(visited.page("list", table.model)).status_code == 200
        if not table.read_only:
            for page in (visited.page("create", table.model), visited.page("row", table.model, "edit")):
                form = visited.client.get(page).text
                assert [name for name in table.fields if f'name="{name}"' not in form] == [], page


def test_no_page_shows_a_password(visited: Office) -> None:
    export = "/admin/users/export/csv/" if visited.side == "legacy" else "/admin/user/export/json"
    asked = "?search=scrypt&sort=5&sortBy=id&flt0_0=scrypt"
    pages = [visited.page("row", User, kind) for kind in ("edit", "details")]
    for page in (*pages, visited.page("create", User), visited.page("list", User) + asked, export):
        text = visited.client.get(page).text
        assert "scrypt:" not in text
        assert "password" not in text.lower()


def test_an_edit_changes_what_the_form_has_and_no_password(visited: Office) -> None:
    assert visited.submit(visited.page("row", User, "edit"), FORM | {"password_hash": "mine", "id": "9"}) == 302
    user = visited.row(User)
    assert isinstance(user, User)
    assert (user.name, user.age, user.password_hash) == ("Ada Lovelace", 37, QUICK_HASH)


def test_whom_an_admin_adds_cannot_sign_in(visited: Office) -> None:
    form = {"name": "Eve", "email": "eve@example.com", "age": "30", "password_hash": QUICK_HASH}
    assert visited.submit(visited.page("create", User), form) == 302
    assert visited.client.get("/users/").json()[-1]["name"] == "Eve"
    assert visited.client.get("/whoami", auth=("eve@example.com", PASSWORD)).status_code == 401


def test_what_refers_to_another_row_is_chosen_by_its_name(visited: Office) -> None:
    page = visited.page("row", Employee, "edit")
    assert re.search(r"<option[^>]*>\s*Workshop\s*</option>", visited.client.get(page).text)
    assert visited.submit(page, {"name": "Greta Lind", "role": "lead", "department": "2"}) == 302
    assert visited.client.get("/employees/1").json()["department"]["name"] == "Workshop"


def test_a_price_stays_exact(visited: Office) -> None:
    for price in ("2.505", "5"):
        form = {"name": "Single ticket", "price": price, "stock": "1", "listed_at": "2024-01-02 03:04:05"}
        assert visited.submit(visited.page("row", Product, "edit"), form) == 302
        assert visited.client.get("/products/1").json()["price"] == price


def test_what_came_from_outside_stays_as_it_came(visited: Office) -> None:
    for model in (Feedback, Upload):
        for page in (visited.page("row", model, "edit"), visited.page("create", model)):
            assert visited.submit(page, {"name": "changed"}) == (302 if visited.side == "legacy" else 403)
        row = visited.row(model)
        assert isinstance(row, model)
        assert row.name in ("Gil", "a")
        assert visited.row(model, 2) is None


def test_a_form_from_another_site_changes_nothing(visited: Office) -> None:
    page = visited.page("row", User, "edit")
    if visited.side == "legacy":
        posts = {page: FORM, "/admin/todos/delete/": {"id": "1"}, "/admin/todos/action/": {"action": "delete"}}
        for path, form in posts.items():
            visited.client.post(path, data=form | {"rowid": "1"})
    else:
        # A browser does not send the cookie with it.
        login = visited.client.post("/admin/login", data=SIGN_IN, follow_redirects=False)
        assert "samesite=strict" in login.headers["Set-Cookie"]
    user = visited.row(User)
    assert isinstance(user, User)
    assert user.name == ADA["name"]
    assert visited.row(Todo) is not None


def test_the_new_sides_cookie_leaves_flasks_alone(store: Store, tmp_path: Path) -> None:
    with open_office("new", store, tmp_path) as office:
        login = office.client.post("/admin/login", data=SIGN_IN, follow_redirects=False)
    name, _, attributes = login.headers["Set-Cookie"].partition("=")
    assert (name, "httponly" in attributes) == ("depot_admin", True)


@pytest.mark.parametrize("side", SIDES)
def test_two_apps_in_one_process_show_each_its_own_rows(side: str, store: Store, tmp_path: Path) -> None:
    with ExitStack() as stack:
        offices = [stack.enter_context(open_office(side, store, tmp_path)) for _ in range(2)]
        for office in offices:
            office.sign_in()
        offices[0].client.delete("/todos/1")
        pages = [office.client.get(office.page("list", Todo)).text for office in offices]
        assert ["bus 14" in page for page in pages] == [False, True]


@pytest.mark.parametrize("side", SIDES)
def test_one_connection_is_enough(side: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPOT_POOL_SIZE", "1")
    with open_office(side, store, tmp_path) as office:
        office.sign_in()
        form = {"name": "Greta Lind", "role": "lead", "department": "2"}
        assert office.submit(office.page("row", Employee, "edit"), form) == 302
