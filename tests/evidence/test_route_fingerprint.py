"""What runs around a handler counts for its route and for no other: hooks, handlers, middleware, dependencies."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.apps.inventory import take_inventory
from gateway.evidence.route_fingerprint import RouteFingerprints
from tests.support.projects import Project, importable_project
from tests.support.versions import RUNS_LIFESPANS_OF_ROUTERS

FILES = {
    "shop/__init__.py": """
        import flask
        from shop import hooks
        from shop.views import blueprint, other

        class Json(flask.json.provider.DefaultJSONProvider):
            sort_keys = True

        def create_app():
            app = flask.Flask(__name__, static_folder=None)
            app.json = Json(app)
            app.before_request(hooks.before)
            app.register_error_handler(404, hooks.not_found)
            app.context_processor(hooks.variables)
            app.register_blueprint(blueprint)
            app.register_blueprint(other)
            app.wsgi_app = hooks.Timed(app.wsgi_app)
            return app
    """,
    "shop/views.py": """
        from flask import Blueprint
        from shop import hooks
        blueprint, other = Blueprint("a", __name__), Blueprint("b", __name__)
        other.before_request(hooks.of_other)
        other.register_error_handler(418, hooks.teapot)

        @blueprint.get("/a")
        def view(): return "a"

        @other.get("/b")
        def of_b(): return "b"
    """,
    "shop/hooks.py": """
        def before(): return None
        def not_found(error): return "", 404
        def variables(): return {}
        def of_other(): return None
        def teapot(error): return "", 418
        class Timed:
            def __init__(self, app): self.app = app
            def __call__(self, environ, start_response): return self.app(environ, start_response)
    """,
    "fresh/__init__.py": """
        from contextlib import asynccontextmanager
        from fastapi import APIRouter, Depends, FastAPI
        from fresh import around

        @asynccontextmanager
        async def lifespan(app):
            app.state.size = 1
            around.start(app)
            yield

        async def of_router(app): yield {"pool": 1}

        app = FastAPI(openapi_url=None, dependencies=[Depends(around.of_app)], lifespan=lifespan)
        router = APIRouter(lifespan=asynccontextmanager(of_router))

        @router.get("/a")
        def a(): return "a"

        @app.get("/b")
        def b(): return "b"

        app.include_router(router, dependencies=[Depends(around.of_router)])
        app.add_middleware(around.Middleware, option=around.OPTION)
        app.add_exception_handler(KeyError, around.on_key_error)

        sub = FastAPI(openapi_url=None)
        sub.add_middleware(around.OfSub)

        @sub.get("/c")
        def c(): return "c"

        app.mount("/sub", sub)
        app.mount("/raw", around.Raw())
        wrapped = around.Middleware(app)
    """,
    "fresh/around.py": """
        OPTION = 1
        def start(app): return 1
        def of_app(): return 1
        def of_router(): return 1
        def on_key_error(request, error): return 1
        class Middleware:
            def __init__(self, app, option=None): self.app = app
            async def __call__(self, scope, receive, send): await self.app(scope, receive, send)
        class OfSub(Middleware):
            name = "sub"
        class Raw:
            async def __call__(self, scope, receive, send): return
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with importable_project(tmp_path, FILES) as project:
        yield project


def take(new: str = "app") -> dict[str, str]:
    """Every route's fingerprint, of modules that are loaded anew."""
    for module in [loaded for loaded in sys.modules if loaded.partition(".")[0] in ("shop", "fresh")]:
        del sys.modules[module]
    importlib.invalidate_caches()
    legacy = importlib.import_module("shop").create_app()
    app = getattr(importlib.import_module("fresh"), new)
    fingerprints, inventory = RouteFingerprints(legacy, app), take_inventory(legacy, app)
    old = {f"legacy {route.rule}": fingerprints.control([route]) for route in inventory.legacy}
    routes = (route for route in inventory.new if not route.is_remainder)
    return old | {f"new {route.rule}": fingerprints.candidate([route]) for route in routes}


def changed(project: Project, file: str, old: str, new: str, app: str = "app") -> set[str]:
    """The routes whose fingerprints change with an edit."""
    before = take(app)
    text = project.read(file)
    assert text.count(old) == 1
    (project.directory / file).write_text(text.replace(old, new))
    for compiled in project.directory.glob("*/__pycache__/*"):
        compiled.unlink()
    after = take(app)
    assert before.keys() == after.keys()
    return {route for route in before if before[route] != after[route]}


LEGACY = {"legacy /a", "legacy /b"}
NEW = {"new /a", "new /b", "new /sub/c", "new /raw/<path:path>"}


@pytest.mark.parametrize(
    ("file", "old", "new", "routes"),
    [
        ("shop/views.py", 'return "a"', 'return "x"', {"legacy /a"}),
        ("shop/hooks.py", "def before(): return None", "def before(): return 1", LEGACY),
        ("shop/hooks.py", 'return "", 404', 'return "x", 404', LEGACY),
        ("shop/hooks.py", "return {}", 'return {"x": 1}', LEGACY),
        ("shop/hooks.py", "self.app = app", "self.app = app; self.x = 1", LEGACY),
        ("shop/hooks.py", "def of_other(): return None", "def of_other(): return 1", {"legacy /b"}),
        ("shop/hooks.py", 'return "", 418', 'return "x", 418', {"legacy /b"}),
        ("shop/__init__.py", "sort_keys = True", "sort_keys = False", LEGACY),
        ("fresh/__init__.py", 'return "b"', 'return "x"', {"new /b"}),
        ("fresh/__init__.py", 'return "c"', 'return "x"', {"new /sub/c"}),
        ("fresh/around.py", "def of_app(): return 1", "def of_app(): return 2", {"new /a", "new /b"}),
        ("fresh/around.py", "def of_router(): return 1", "def of_router(): return 2", {"new /a"}),
        ("fresh/around.py", "def on_key_error(request, error): return 1", "def on_key_error(*_): return 2", NEW),
        ("fresh/around.py", "self.app = app", "self.app = app; self.x = 1", NEW),
        ("fresh/around.py", "OPTION = 1", "OPTION = 2", NEW),
        ("fresh/__init__.py", "state.size = 1", "state.size = 999", NEW),
        ("fresh/around.py", "def start(app): return 1", "def start(app): return 2", NEW),
        ("fresh/__init__.py", '{"pool": 1}', '{"pool": 2}', NEW if RUNS_LIFESPANS_OF_ROUTERS else {"new /a"}),
        ("fresh/around.py", 'name = "sub"', 'name = "x"', {"new /sub/c"}),
        ("fresh/around.py", "send): return", "send): return None", {"new /raw/<path:path>"}),
    ],
)
def test_an_edit_changes_the_routes_that_it_concerns(
    project: Project, file: str, old: str, new: str, routes: set[str]
) -> None:
    assert changed(project, file, old, new) == routes


def test_middleware_around_the_whole_new_app_counts(project: Project) -> None:
    before, wrapped = take(), take("wrapped")
    assert {route for route in before if before[route] != wrapped[route]} == NEW
    assert changed(project, "fresh/around.py", "option=None", "option=1", "wrapped") == NEW


def test_nothing_changes_by_loading_it_again(project: Project) -> None:
    assert project.files()
    assert take() == take()


# --- apps that list no routes ---


def whole(project: Project, file: str, old: str, new: str) -> bool:
    """Whether an edit changes the fingerprint of both bare apps of the package."""
    before = bare()
    text = project.read(file)
    assert text.count(old) == 1
    (project.directory / file).write_text(text.replace(old, new))
    for compiled in project.directory.glob("*/__pycache__/*"):
        compiled.unlink()
    after = bare()
    assert (before[0] == after[0]) == (before[1] == after[1])
    return before != after


def bare() -> tuple[str, str]:
    for module in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "bare"]:
        del sys.modules[module]
    importlib.invalidate_caches()
    module = importlib.import_module("bare.apps")
    found = RouteFingerprints(module.wsgi, module.asgi, legacy_module="bare.apps", new_module="bare.apps")
    return found.control([]), found.candidate([])


def test_of_an_app_that_lists_no_routes_the_whole_package_counts(project: Project) -> None:
    project.write("bare/__init__.py", "")
    project.write("bare/late.py", "VALUE = 1  # never imported by name\n")
    project.write(
        "bare/apps.py",
        """
        def wsgi(environ, start_response): return []
        async def asgi(scope, receive, send): return
        """,
    )
    assert whole(project, "bare/late.py", "VALUE = 1", "VALUE = 2")
    assert whole(project, "bare/apps.py", "return []", "return [b'']")
    assert not whole(project, "bare/late.py", "# never", "# not")
