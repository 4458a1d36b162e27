"""A database -> the values of a query that a filter finds in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask, request

from gateway.parity.corpus.case import Case
from gateway.parity.corpus.case_reading import read_step
from gateway.parity.generating import column_values as module
from gateway.parity.generating.column_values import column_values, databases_of, read_values, values_from
from gateway.parity.generating.generation import MAX_CASES, generate
from gateway.parity.generating.odd_requests import value_cases
from gateway.parity.generating.request_builder import RequestBuilder

TABLES = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, city TEXT, email TEXT, password TEXT, note TEXT, height REAL);
    INSERT INTO customers VALUES (7, 'Bonn', 'ada@example.org', 'secret', NULL, 1.5);
    INSERT INTO customers VALUES (8, 'Bonn', NULL, NULL, '', 2.5);
    INSERT INTO customers VALUES (9, 'Bad Ems', NULL, NULL, 'a' || char(10), NULL);
    INSERT INTO customers VALUES (10, 'Ulm', NULL, NULL, hex(zeroblob(99)), NULL);
    INSERT INTO customers VALUES (11, 'Kiel', NULL, NULL, x'00', NULL);
    CREATE TABLE "odd ""name" (status TEXT);
    INSERT INTO "odd ""name" VALUES ('paid');
"""


def database(path: Path, script: str = TABLES) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database(tmp_path / "a.sqlite3"))) as connection:
        yield connection


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("city", ("Bonn", "Bad Ems", "Ulm")),
        ("cities", ("Bonn", "Bad Ems", "Ulm")),
        ("City", ("Bonn", "Bad Ems", "Ulm")),
        ("customer_city", ("Bonn", "Bad Ems", "Ulm")),
        ("customer_id", ("7", "8", "9")),
        ("status", ("paid",)),
        ("email", ()),
        ("note", ()),
        ("height", ()),
        ("customer_password", ()),
        ("town", ()),
    ],
)
def test_short_values_of_columns_of_the_name(opened: sqlite3.Connection, name: str, texts: tuple[str, ...]) -> None:
    assert column_values(opened, [name]) == {name: texts}


def test_a_text_comes_in_other_cases_and_as_its_beginning() -> None:
    cases = value_cases(RequestBuilder("GET", "/"), {}, {"city": ("Bonn", "7")})
    assert [case.label.removeprefix("city is ") for case in cases] == ["Bonn", "bonn", "BONN", "Bon", "7"]


def test_of_several_databases_the_one_that_a_case_starts_from_comes_first(tmp_path: Path) -> None:
    databases = {
        None: database(tmp_path / "own.sqlite3"),
        "s": database(tmp_path / "s.sqlite3", "CREATE TABLE a (city TEXT); INSERT INTO a VALUES ('Jena');"),
        "broken": tmp_path / "broken.sqlite3",
    }
    databases["broken"].write_bytes(b"no database" * 100)
    values = read_values(databases, ["city"])
    assert values_from(values, None, "city") == ("Bonn", "Bad Ems", "Ulm")
    assert values_from(values, "s", "city") == ("Jena", "Bonn", "Bad Ems")
    assert values_from(values, "s", "town") == ()


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_database_is_left_as_it_is(tmp_path: Path, mode: str) -> None:
    path = database(tmp_path / "a.sqlite3", f"PRAGMA journal_mode = {mode}; {TABLES}")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert read_values({None: path}, ["city"])[None]["city"][0] == "Bonn"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_the_databases_of_a_run_are_its_own_and_those_of_its_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = tmp_path / "corpus" / "states"
    states.mkdir(parents=True)
    own, state = database(tmp_path / "own.sqlite3"), database(states / "s.sqlite")
    samples = [Case("a", (), state="s.sqlite"), Case("b", (), state="gone.sqlite"), Case("c", ())]
    found = databases_of(samples, tmp_path / "corpus", "sqlite:///own.sqlite3", tmp_path)
    assert found == {None: own, "s.sqlite": state}
    assert databases_of(samples, tmp_path / "corpus", "postgresql://db/shop", tmp_path) == {"s.sqlite": state}
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    assert databases_of(samples, tmp_path / "corpus", None, tmp_path) == {}


def listing() -> Flask:
    """Never asked."""
    app = Flask("listing", static_folder=None)

    @app.get("/customers")
    def customers() -> str:
        texts = request.args.get("city"), request.args.get("q"), request.args.get("status")
        return f"{texts} {request.args.get('customer_id', type=int)} {request.args.get('sort', 'city')}"

    return app


def test_every_value_is_asked_for_in_each_form(tmp_path: Path) -> None:
    path = database(tmp_path / "own.sqlite3", TABLES + 'ALTER TABLE customers ADD COLUMN sort TEXT DEFAULT "odd";')
    sample = Case("seen", (read_step({"request": "GET /customers?q=a"}),))
    for samples, rest in (((), "q=A%20q"), ((sample,), "q=a")):  # in the good query, or beside it
        cases = generate(listing(), samples, 1, {None: path})
        targets = [case.steps[0].request.line for case in cases]
        for text in ("Bonn", "bonn", "BONN", "Bon", "Bad%20Ems", "ULM", "Ulm"):
            assert any(rest in target and f"city={text}" in target for target in targets)
        for pair in ("status=paid", "customer_id=7", "customer_id=9", "sort=odd"):
            assert any(pair in target for target in targets)
        assert len({case.name for case in cases}) == len(cases) <= MAX_CASES + 30
    good = next(case for case in generate(listing(), (), 1, {None: path}) if case.name.endswith(": good"))
    assert good.steps[0].request.target == b"/customers?city=Bonn&q=A%20q&status=paid&customer_id=7&sort=city"
