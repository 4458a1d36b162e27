"""The team's own tests; what a test leaves in memory, it takes away."""

import pytest
import shelf


@pytest.fixture
def client():
    shelf.shelf.__init__()
    return shelf.create_app().test_client()


def test_the_life_of_a_book(client):
    made = client.post("/api/books/", json={"title": "On bees", "year": 1901})
    assert made.status_code == 201
    path = f"/api/books/{made.json['id']}"
    assert client.get(path).json["uri"] == path
    assert client.put(path, json={"title": "On wasps"}).json["title"] == "On wasps"
    assert client.get("/api/books/?year=1901", headers={"X-Reader": "ann"}).json["books"][0]["title"] == "On wasps"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "x", "year": 3}])
def test_a_book_is_refused(client, body):
    assert client.post("/api/books/", json=body).status_code == 400


def test_the_rest(client):
    assert client.get("/api/swagger.json").json["info"]["title"] == "Shelf"
    assert client.get("/api/doc/").status_code == 200
    assert client.get("/conditions").json["loan_days"] == 28
    assert client.get("/readers/?from=3").json["count"] == 3
    assert client.get("/readers/ann").text == "<p>ann</p>"
    assert client.post("/readers/", json={"name": "bob"}).status_code == 201
    assert client.post("/readers/cec").json == {"hello": "cec"}
    assert client.get("/slow").json == client.get("/slow").json
    assert client.get("/api/books/?year=x").status_code == 400
