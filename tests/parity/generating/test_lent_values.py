"""What samples lend to a generated request: the good one to start from, the steps before it, the state of both."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask, abort, request
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired

from gateway.parity.corpus.case import Case, used_names
from gateway.parity.corpus.case_reading import read_step
from gateway.parity.generating.generation import generate
from gateway.parity.generating.schema_cases import generate_from_schema


def shop() -> Flask:
    """Never asked."""
    app = Flask("shop", static_folder=None)

    @app.get("/customers")
    def customers() -> Any:
        return [request.args.get("page", 1, type=int), request.args.get("city")]

    @app.post("/customers")
    def add() -> Any:
        return {"name": request.get_json()["name"]}

    @app.put("/items/<int:item_id>")
    def change(item_id: int) -> Any:
        if "Authorization" not in request.headers:
            abort(401)
        data = request.get_json()
        return {"id": item_id, "name": data.get("name"), "stock": data.get("stock")}

    @app.delete("/items/<int:item_id>")
    def delete(item_id: int) -> Any:
        return str(item_id)

    return app


def case(*entries: dict[str, Any], state: str | None = None, source: str = "tests") -> Case:
    return Case(f"{entries} {state}", tuple(map(read_step, entries)), source, state)


def good(key: str, *samples: Case) -> Case:
    return next(one for one in generate(shop(), samples, 1) if one.name == f"{key}: good")


def asked(one: Case) -> list[str]:
    return [step.request.line for step in one.steps]


PUT = "PUT /items/<int:item_id>"
LOGIN = {"request": "POST /login", "json": {"user": "ada"}, "capture": {"token": "body.token"}}
CREATE = {"request": "POST /items", "json": {"name": "Bolt"}, "capture": {"id": "body.id"}}


def put(target: str = "/items/1", *, signed: bool = True, **body: Any) -> dict[str, Any]:
    return {
        "request": f"PUT {target}",
        "headers": {"Authorization": "Bearer {{token}}"} if signed else {},
        "json": body,
    }


@pytest.mark.parametrize(
    ("targets", "good_one"),
    [
        (["?page=", "?page=2"], "?page=2"),
        (["?city=Bonn", "?city=Ulm"], "?city=Bonn"),
        (["?page=2", "?page=3&city=Ulm"], "?page=3&city=Ulm"),
        (["?page=2&city=Ulm", "?page=&city=&x=1&y=2"], "?page=2&city=Ulm"),
        (["?page="], "?page=1&city=A%20city"),
    ],
)
def test_the_good_query_is_the_fullest_and_of_these_the_first(targets: list[str], good_one: str) -> None:
    samples = [case({"request": f"GET /customers{target}"}) for target in targets]
    assert asked(good("GET /customers", *samples)) == [f"GET /customers{good_one}"]


def test_what_was_found_is_no_sample() -> None:
    found = case({"request": "GET /customers?page=9&city=0"}, source="counterexample")
    assert asked(good("GET /customers", found)) == ["GET /customers?page=1&city=A%20city"]


def test_the_good_body_is_the_fullest_of_the_requests_that_were_let_in() -> None:
    test = case(LOGIN, put(name="Bolt", stock=2), put(stock=-1))
    refused = case(put(signed=False, name="A", stock=1, unknown=1))
    for samples in ((refused, test), (test, refused), (case(LOGIN, put(stock=-1)), test)):
        one = good(PUT, *samples)
        assert asked(one) == ["POST /login", "PUT /items/1"]
        assert json.loads(one.steps[-1].request.body) == {"name": "Bolt", "stock": 2}


def test_what_a_sample_has_kept_is_made_again() -> None:
    sample = case(LOGIN, CREATE, {"request": "GET /customers"}, put("/items/{{id}}", name="Nut", stock=1))
    one = good(PUT, case(LOGIN, put("/items/999", name="Nut", stock=1)), sample)
    assert asked(one) == ["POST /login", "POST /items", "PUT /items/{{id}}"]
    assert asked(good("DELETE /items/<int:item_id>", sample)) == ["POST /login", "POST /items", "DELETE /items/{{id}}"]


def test_what_was_written_before_a_login_stays_before_it() -> None:
    sign_up = {"request": "POST /customers", "json": {"name": "Ada"}}
    sample = case(sign_up, {"request": "GET /customers"}, LOGIN, put(name="Bolt", stock=2))
    assert asked(good(PUT, sample)) == ["POST /customers", "POST /login", "PUT /items/1"]


def test_another_id_needs_nothing_made() -> None:
    sample = case(LOGIN, CREATE, put("/items/{{id}}", name="Nut", stock=1))
    cases = {one.name: one for one in generate(shop(), [sample], 1)}
    assert asked(cases[f"{PUT}: item_id is -1"]) == ["POST /login", "PUT /items/-1"]


def test_a_request_that_needs_what_no_step_keeps_is_no_sample() -> None:
    assert asked(good(PUT, case(put("/items/{{id}}", stock=3)))) == ["PUT /items/1"]


def test_a_login_is_of_the_state_that_it_was_recorded_with() -> None:
    samples = (
        case(LOGIN, put(stock=-1), state="poor.sqlite"),
        case(LOGIN, put(name="Bolt", stock=2), state="full.sqlite"),
        case({"request": "GET /customers"}, state="poor.sqlite"),
        case({"request": "GET /customers?page=2"}, state="full.sqlite"),
    )
    states = {(one.name.partition(": ")[0], one.state) for one in generate(shop(), samples, 1)}
    assert states == {
        (PUT, "full.sqlite"),
        ("DELETE /items/<int:item_id>", "poor.sqlite"),
        ("GET /customers", None),
        ("POST /customers", None),
    }


def test_what_needs_nothing_has_the_state_of_all_samples_of_its_route() -> None:
    samples = [case({"request": f"GET /customers?page={page}"}, state="one.sqlite") for page in (1, 2)]
    assert good("GET /customers", *samples).state == "one.sqlite"
    assert good("GET /customers", *samples, replace(samples[0], state=None)).state is None
    assert good("POST /customers", *samples).state is None


@pytest.mark.long
def test_cases_from_a_schema_have_the_state_of_their_login_too() -> None:
    app = FastAPI()
    app.put("/items/{item_id:int}")(lambda item_id: item_id)
    app.get("/customers")(lambda: "")
    samples = (
        case(LOGIN, put(name="Bolt", stock=2), state="full.sqlite"),
        case({"request": "GET /customers"}, state="other.sqlite"),
    )
    states = {(one.name.partition(": ")[0], one.state) for one in generate_from_schema(app, samples, 1)}
    assert states == {(PUT, "full.sqlite"), ("GET /customers", "other.sqlite")}


# --- forms with a CSRF token ---


class NoticeForm(FlaskForm):
    """Checks a token."""

    text = StringField(validators=[DataRequired()])


def club() -> Flask:
    """Never asked: forms behind a login, and a button that sends nothing but its token."""
    app = Flask("club", static_folder=None)

    @app.route("/", methods=["GET", "POST"])
    def index() -> Any:
        return str(NoticeForm().validate_on_submit())

    @app.post("/notices/<int:notice_id>/delete")
    def delete(notice_id: int) -> Any:
        return str(notice_id)

    return app


def browsed(request: str, session: str = "", token: str = "", **more: Any) -> dict[str, Any]:
    form = {"text": "hello", "csrf_token": token} if request == "POST /" else {"csrf_token": token}
    headers = {"headers": {"Cookie": f"session={session}"}} if session else {}
    return {"request": request, **headers, **({"form": form} if token else {}), **more}


LOGGED_IN = (
    browsed("GET /login", capture={"csrf_1": "body.csrf_token", "session_1": "cookie.session"}),
    browsed("POST /login", "{{session_1}}", "{{csrf_1}}", capture={"session_2": "cookie.session"}),
    browsed("GET /", "{{session_2}}", capture={"csrf_2": "body.csrf_token"}),
)
ANONYMOUS = (browsed("GET /", capture={"csrf_2": "body.csrf_token", "session_2": "cookie.session"}),)


@pytest.mark.parametrize(
    ("before", "request_line", "steps", "sent"),
    [
        (LOGGED_IN, "POST /", ["GET /login", "POST /login", "GET /"], b"text=hello&csrf_token={{csrf_2}}"),
        (LOGGED_IN, "POST /notices/1/delete", ["GET /login", "POST /login", "GET /"], b"csrf_token={{csrf_2}}"),
        # Whoever asks gets the page: it is asked for in the case itself.
        (ANONYMOUS, "POST /", ["GET /"], b"text=hello&csrf_token={{csrf}}"),
        (ANONYMOUS, "POST /notices/1/delete", ["GET /"], b"csrf_token={{csrf_2}}"),
    ],
)
def test_a_form_is_sent_with_its_token_and_the_login_before_it(
    before: tuple[dict[str, Any], ...], request_line: str, steps: list[str], sent: bytes
) -> None:
    sample = case(*before, browsed(request_line, "{{session_2}}", "{{csrf_2}}"))
    key = request_line.replace("1", "<int:notice_id>")
    made = next(one for one in generate(club(), [sample], 1) if one.name == f"{key}: good")
    assert (asked(made), made.steps[-1].request.body) == ([*steps, request_line], sent)
    assert made.steps[-1].request.media_type == "application/x-www-form-urlencoded"
    captured = {name for step in made.steps for name, _ in step.captures}
    assert {name for step in made.steps for name in used_names(step.request)} <= captured
