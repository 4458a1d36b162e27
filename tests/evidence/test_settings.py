"""What a factory sets counts for every view of its app, as the code has it: never as an environment or a run has it."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.apps.inventory import take_inventory
from gateway.evidence.own_code import OwnModule
from gateway.evidence.route_fingerprint import RouteFingerprints
from gateway.evidence.settings import settings_in
from tests.support.projects import Project, importable_project
from tests.support.servers import ROOT

FILES = {
    "shop/__init__.py": """
        import os
        import flask
        from shop import config, sizes
        from shop.views import blueprint

        def create_app(upload_dir="uploads", stage="Production", page="20"):
            app = flask.Flask(__name__, static_folder=None)
            app.config["PAGE_SIZE"] = 10
            app.config["MAXIMUM"] = sizes.MAXIMUM
            app.config["FROM_ENVIRONMENT"] = int(os.environ.get("SHOP_SIZE", "30"))
            app.config["FROM_ARGUMENT"] = int(page)
            app.config["UPLOAD_DIR"] = os.environ.get("SHOP_UPLOADS") or upload_dir
            app.config["DATABASE"] = os.environ.get("SHOP_DATABASE", "sqlite:///shop.db")
            app.config["SECRET_KEY"] = os.environ.get("SHOP_SECRET", "dev")
            app.config["STORE"] = "sqlite:///store.db"
            if os.environ.get("SHOP_CACHE"):
                app.config["CACHE"] = os.environ["SHOP_CACHE"]
            app.config.from_object(getattr(config, stage))
            app.config.from_object("shop.more_config.More")
            app.config.update(dict(ROUNDED=True), BANNER={"text": "hello"})
            app.config.from_mapping({"LOCALE": "en", **sizes.OPTIONS})
            configure(app)
            app.json.sort_keys = True
            app.json.compact = False
            app.json.default = shown
            app.register_blueprint(blueprint)
            return app

        def configure(app):
            pages = first(40)
            app.config.setdefault("PAGES", pages)

        def first(number): return number

        def shown(value): return "?"

        class Queue:
            def __init__(self):
                self.config = {}
                self.config["PAGE_SIZE"] = 50
    """,
    "shop/sizes.py": 'MAXIMUM = 100\nOPTIONS = {"DEPTH": 3}\nUNUSED = 1\n',
    "shop/config.py": """
        class Production:
            COLOUR = "red"
        class Testing(Production):
            COLOUR = "blue"
    """,
    "shop/more_config.py": "class More:\n    SHAPE = 'round'\n",
    "shop/views.py": """
        from flask import Blueprint
        blueprint = Blueprint("a", __name__)
        @blueprint.get("/a")
        def a(): return "a"
    """,
    "fresh.py": """
        from fastapi import FastAPI
        app = FastAPI(openapi_url=None)
        @app.get("/a")
        def a(): return "a"
    """,
    "migration_map.toml": """
        [gateway]
        legacy = "shop:create_app"
        new = "fresh:app"
        [routes]
        "GET /a" = "legacy"
        [parity.arguments]
        upload_dir = "{directory}/files"
        stage = "Testing"
        page = "21"
        [parity.environment]
        SHOP_DATABASE = "{database}"
        SHOP_UPLOADS = "{directory}/files"
        SHOP_SECRET = "{side}"
        SHOP_SIZE = "31"
        SHOP_CACHE = "redis://{side}"
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with importable_project(tmp_path, FILES) as project:
        yield project


def take() -> str:
    """The fingerprint of the view, of modules that are loaded anew."""
    for module in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "shop"]:
        del sys.modules[module]
    importlib.invalidate_caches()
    app = importlib.import_module("shop").create_app()
    return RouteFingerprints(app, None).control(take_inventory(app, None).legacy)


def changes(project: Project, file: str, old: str, new: str) -> bool:
    before = take()
    text = project.read(file)
    assert text.count(old) == 1
    (project.directory / file).write_text(text.replace(old, new))
    for compiled in project.directory.glob("*/__pycache__/*"):
        compiled.unlink()
    return take() != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("shop/__init__.py", '"PAGE_SIZE"] = 10', '"PAGE_SIZE"] = 999'),
        ("shop/__init__.py", '"PAGE_SIZE"] = 10', '"PAGES"] = 10'),
        ("shop/__init__.py", '"SHOP_SIZE", "30"', '"SHOP_SIZE", "32"'),
        ("shop/__init__.py", 'page="20"', 'page="22"'),
        ("shop/__init__.py", "ROUNDED=True", "ROUNDED=False"),
        ("shop/__init__.py", '"hello"', '"goodbye"'),
        ("shop/__init__.py", '"en"', '"de"'),
        ("shop/__init__.py", "first(40)", "first(41)"),
        ("shop/__init__.py", "return number", "return number + 1"),
        ("shop/sizes.py", "MAXIMUM = 100", "MAXIMUM = 101"),
        ("shop/sizes.py", '"DEPTH": 3', '"DEPTH": 4'),
        ("shop/config.py", '"red"', '"green"'),
        ("shop/more_config.py", "'round'", "'flat'"),
        ("shop/__init__.py", "sort_keys = True", "sort_keys = False"),
        ("shop/__init__.py", "compact = False", "compact = True"),
        ("shop/__init__.py", 'return "?"', 'return "!"'),
    ],
)
def test_it_changes_with(project: Project, file: str, old: str, new: str) -> None:
    assert changes(project, file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("shop/__init__.py", "sqlite:///shop.db", "postgresql://shop"),
        ("shop/__init__.py", "sqlite:///store.db", "redis://store"),
        ("shop/__init__.py", '"dev"', '"development"'),
        ("shop/__init__.py", 'upload_dir="uploads"', 'upload_dir="files"'),
        ("shop/__init__.py", '"PAGE_SIZE"] = 50', '"PAGE_SIZE"] = 51'),
        ("shop/sizes.py", "UNUSED = 1", "UNUSED = 2"),
    ],
)
def test_it_stays_with(project: Project, file: str, old: str, new: str) -> None:
    assert not changes(project, file, old, new)


PLANNED = "from gateway.parity.plan import plan_routes as p; project = p(Path('migration_map.toml'), []).project"
SERVED = """
from gateway.apps.project import load_project
project = load_project("migration_map.toml")
"""
SERVICE = {
    "SHOP_DATABASE": "postgresql://shop@db/shop",
    "SHOP_UPLOADS": "/srv/uploads",
    "SHOP_SECRET": "x",
    "SHOP_SIZE": "33",
    "FLASK_DEBUG": "1",
}


def told(project: Project, script: str, **environment: str) -> str:
    """The fingerprints that a process of its own takes."""
    end = "from gateway.evidence.current import Sources; print(Sources.of(project, ['GET /a']).by_route['GET /a'])"
    return subprocess.run(
        [sys.executable, "-c", f"from pathlib import Path\n{script}\n{end}"],
        cwd=project.directory,
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.long
@pytest.mark.process
def test_a_run_and_every_service_have_the_same(project: Project) -> None:
    seen = {
        told(project, PLANNED, PYTHONHASHSEED="1"),
        told(project, PLANNED, PYTHONHASHSEED="2"),
        told(project, SERVED),
        told(project, SERVED, **SERVICE),
    }
    assert len(seen) == 1
    assert "control=" in seen.pop()


# --- what is found in a module ---


def settings(text: str) -> list[tuple[str, list[str]]]:
    """The keys that a module sets, each with what is set and what that is made of."""
    found = settings_in(OwnModule("m", "", ast.parse(text)))
    return [(snippet.label, [ast.unparse(node) for node in snippet.nodes]) for snippet in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('app.config["A"] = 1', [("config A", ["1"])]),
        ('shop.app.config["A"]: int = 1', [("config A", ["1"])]),
        ('app.config["A"], app.config["B"] = f()', [("config A", ["f()"]), ("config B", ["f()"])]),
        ("app.config[NAME] = 1", [("config ", ["1"]), ("config ", ["NAME"])]),
        ('app.config |= {"A": 1, **MORE}', [("config A", ["1"]), ("config ", ["MORE"])]),
        ('app.config.setdefault("A", 1)', [("config A", ["1"])]),
        ("app.config.update(A=1, **MORE)", [("config A", ["1"]), ("config ", ["MORE"])]),
        ("app.config.from_object(Config)", [("config ", ["Config"])]),
        (
            'app.config.from_object("a.b.C")',
            [("config ", ["'a.b.C'"]), ("config ", ["from a.b import C"])],
        ),
        (
            'app.config.from_object(f"a.b.{name}")',
            [("config ", ["f'a.b.{name}'"]), ("config ", ["from a.b import *"])],
        ),
        (
            "def f(a, size=1, *, more=2):\n    b = size\n    app.config['A'] = b + more",
            [("config A", ["b + more", "b = size", "1", "2"])],
        ),
        (
            "def f():\n    for key, value in ITEMS:\n        app.config[key] = value",
            [("config ", ["value", "ITEMS"]), ("config ", ["key", "ITEMS"])],
        ),
        (
            "def f():\n    with g() as a:\n        if b := a:\n            app.config['A'] = b",
            [("config A", ["b", "a", "g()"])],
        ),
        (
            "def f():\n    from a import b\n    def g():\n        app.config['A'] = b",
            [("config A", ["b", "from a import b"])],
        ),
        ('app.config["API_KEY"] = app.config["DATABASE_URL"] = app.config["UPLOAD_FOLDER"] = 1', []),
        ('app.config["A"] = "redis://x"', []),
        ('self.config["A"] = 1', []),
        ('config["A"] = app.config["B"]', []),
        ('app.config.get("A", 1)', []),
        ('app.config["A"]: int', []),
    ],
)
def test_what_a_module_sets(text: str, found: list[tuple[str, list[str]]]) -> None:
    assert settings(text) == found
