"""Trees in an orchard: one GraphQL endpoint beside two plain routes, basic authentication by hand."""

import os
import sqlite3

import strawberry
from flask import Flask, Response, g, request
from strawberry.flask.views import GraphQLView

SCHEMA = "CREATE TABLE IF NOT EXISTS trees (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, planted TEXT, rows INTEGER)"
ACCOUNTS = {"gardener": "spade"}
app = Flask(__name__)


def database():
    if "database" not in g:
        g.database = sqlite3.connect(os.path.join(app.root_path, "data", "orchard.db"), isolation_level=None)
        g.database.row_factory = sqlite3.Row
    return g.database


@app.teardown_request
def close(_error):
    if (opened := g.pop("database", None)) is not None:
        opened.close()


@strawberry.type
class Tree:
    id: int
    kind: str
    planted: str | None


@strawberry.type
class Query:
    @strawberry.field
    def trees(self, kind: str | None = None, limit: int = 10) -> list[Tree]:
        rows = database().execute("SELECT * FROM trees WHERE ? IS NULL OR kind = ? LIMIT ?", [kind, kind, limit])
        return [Tree(id=row["id"], kind=row["kind"], planted=row["planted"]) for row in rows]

    @strawberry.field
    def tree(self, id: int) -> Tree | None:
        row = database().execute("SELECT * FROM trees WHERE id = ?", [id]).fetchone()
        return row and Tree(id=row["id"], kind=row["kind"], planted=row["planted"])


@strawberry.type
class Mutation:
    @strawberry.mutation
    def plant(self, info: strawberry.Info, kind: str) -> Tree:
        given = info.context["request"].authorization
        if given is None or ACCOUNTS.get(given.username) != given.password:
            raise PermissionError("gardeners only")
        number = database().execute("INSERT INTO trees (kind, planted) VALUES (?, date('now'))", [kind]).lastrowid
        return Query().tree(id=number)


schema = strawberry.Schema(query=Query, mutation=Mutation)
app.add_url_rule("/graphql", view_func=GraphQLView.as_view("graphql", schema=schema))


@app.get("/schema.graphql")
def as_text():
    return Response(schema.as_str(), mimetype="text/plain")


@app.get("/trees/count")
def count():
    kind = request.args.get("kind")
    (number,) = database().execute("SELECT count(*) FROM trees WHERE ? IS NULL OR kind = ?", [kind, kind]).fetchone()
    return {"count": number}


@app.before_request
def only_small():
    if request.content_length and request.content_length > 10_000:
        return {"error": "too much"}, 413
    return None
