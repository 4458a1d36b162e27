"""GraphQL by Strawberry's Flask view, with a database whose path is in the code."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.strangers.harness import Ask, Stranger, StrangerTests


def prepare() -> None:
    from orchard import SCHEMA  # type: ignore[import-not-found]

    Path("data").mkdir()
    with closing(sqlite3.connect("data/orchard.db")) as db:
        db.execute(SCHEMA)
        db.execute("INSERT INTO trees (kind, planted) VALUES ('apple', '1990-03-01'), ('pear', NULL), ('apple', NULL)")
        db.commit()


GARDENER = {"Authorization": "Basic Z2FyZGVuZXI6c3BhZGU="}
PLANT = {"query": 'mutation { plant(kind: "plum") { id kind } }'}
ONE = "query One($id: Int!) { tree(id: $id) { kind planted } }"


class TestOrchard(StrangerTests):
    stranger = Stranger(
        directory=Path(__file__).parent,
        app="orchard:app",
        prepare=prepare,
        talk=(
            Ask("POST /graphql", 200, json={"query": "{ trees { id kind planted } }"}),
            Ask("POST /graphql", 200, json={"query": ONE, "variables": {"id": 2}, "operationName": "One"}),
            Ask("POST /graphql", 200, json={"query": ONE, "variables": {"id": "two"}}),
            Ask("POST /graphql", 200, json={"query": "{ bushes }"}),
            Ask("POST /graphql", 200, json={"query": "{ trees {"}),
            Ask("POST /graphql", 400, json={"variables": {}}),
            Ask("POST /graphql", 400, form={"query": "{ trees { id } }"}),
            Ask("GET /graphql?query=%7Btrees%7Bid%7D%7D", 200),
            Ask("GET /graphql", 200, {"Accept": "text/html"}),
            Ask("PUT /graphql", 405, json={}),
            Ask("OPTIONS /graphql", 200),
            Ask("HEAD /schema.graphql", 200),
            Ask("GET /schema.graphql", 200),
            Ask("GET /graphql/", 404),
            Ask("POST /graphql", 200, json=PLANT),
            Ask("POST /graphql", 200, GARDENER, json=PLANT),
            Ask("POST /graphql", 413, json={"query": "#" * 10_000}),
            Ask("GET /trees/count", 200),
            Ask("GET /trees/count?kind=plum&kind=apple", 200),
            Ask("GET /trees/count/", 404),
        ),
        parity="""\
database = "sqlite:///data/orchard.db"

[[parity.ignore]]
cause = "repeated-parameter"
reason = "no client asks for two kinds"
""",
        moved="GET /trees/count",
    )
