"""The team's own tests, on a copy of the file that the code names."""

import shutil

import orchard
import pytest


@pytest.fixture
def client(tmp_path, monkeypatch):
    shutil.copytree("data", tmp_path / "data")
    monkeypatch.setattr(orchard.app, "root_path", str(tmp_path))
    return orchard.app.test_client()


def ask(client, query, **more):
    return client.post("/graphql", json={"query": query, "variables": more.pop("variables", None)}, **more)


def test_queries(client):
    assert len(ask(client, "{ trees { id kind } }").json["data"]["trees"]) == 3
    query = "query One($id: Int!) { tree(id: $id) { kind planted } }"
    assert ask(client, query, variables={"id": 2}).json["data"]["tree"]["kind"] == "pear"
    assert ask(client, query, variables={"id": 9}).json["data"]["tree"] is None
    assert client.get("/graphql?query={trees(limit:1){id}}").status_code == 200
    assert client.get("/trees/count?kind=pear").json == {"count": 1}
    assert "type Tree" in client.get("/schema.graphql").text


def test_a_wrong_query(client):
    assert "errors" in ask(client, "{ bushes }").json
    assert client.post("/graphql", data="nonsense").status_code == 400


def test_planting(client):
    planting = 'mutation { plant(kind: "plum") { id kind } }'
    assert ask(client, planting).json["errors"][0]["message"] == "gardeners only"
    assert ask(client, planting, auth=("gardener", "spade")).json["data"]["plant"] == {"id": 4, "kind": "plum"}
    assert client.get("/trees/count").json == {"count": 3 + 1}
