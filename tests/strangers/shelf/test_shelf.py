"""Class views, Flask-RESTX and Flask-Caching, with all state in memory."""

from __future__ import annotations

from pathlib import Path

from tests.strangers.harness import Ask, Stranger, StrangerTests

BOOK = {"title": "On bees", "year": 1901}


class TestShelf(StrangerTests):
    stranger = Stranger(
        directory=Path(__file__).parent,
        app="shelf:create_app",
        talk=(
            Ask("GET /api/books/", 200),
            Ask("GET /api/books", 308),
            Ask("POST /api/books/", 201, json=BOOK),
            Ask("POST /api/books/", 400, json={"year": 3}),
            Ask("POST /api/books/", 415),
            Ask("GET /api/books/?year=1901", 200, {"X-Reader": "ann"}),
            Ask("GET /api/books/?year=x", 400),
            Ask("GET /api/books/1", 200),
            Ask("HEAD /api/books/1", 200),
            Ask("PUT /api/books/1", 200, json={"title": "On wasps"}),
            Ask("PATCH /api/books/1", 405, json={}),
            Ask("OPTIONS /api/books/1", 200),
            Ask("DELETE /api/books/1", 204),
            Ask("DELETE /api/books/1", 404),
            Ask("GET /api/books/one", 404),
            Ask("GET /api/swagger.json", 200),
            Ask("GET /api/doc/", 200),
            Ask("GET /api/nothing", 404),
            Ask("GET /conditions", 200),
            Ask("GET /readers", 308),
            Ask("GET /readers/?from=3", 200),
            Ask("GET /readers/?from=x", 500),
            Ask("GET /readers/a%2Fb", 404),
            Ask("GET /readers/%C3%A9", 200),
            Ask("POST /readers/", 201, json={"name": "bob"}),
            Ask("DELETE /readers/ann", 405),
            Ask("GET /slow", 200),
            Ask("GET /slow", 200),
            Ask("GET /swaggerui/droid-sans.css", 200),
        ),
        moved="GET /conditions",
    )
