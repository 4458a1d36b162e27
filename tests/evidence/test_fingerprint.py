"""What changes the fingerprint of a function, and what does not: a project, one edit, and the answer."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.evidence.fingerprint import fingerprint
from gateway.evidence.own_code import is_own
from tests.support.projects import Project, project_in
from tests.support.servers import ROOT

FILES = {
    "shop/__init__.py": "",
    "shop/views.py": '''
        """Views."""
        from __future__ import annotations

        import json
        import functools
        from typing import Annotated

        from fastapi import APIRouter, Depends, FastAPI
        from pydantic import BaseModel
        from sqlalchemy import select

        from . import models
        from .deps import current_user, MAX as LIMIT, unused
        from shop.rules import *
        import shop.prices

        app = FastAPI()
        router = APIRouter(prefix="/x")
        NAMES = ["a", "b"]
        NAMES.append("c")
        TABLE = {}
        TABLE["x"] = 1
        User = Annotated[str, Depends(current_user)]

        class Out(BaseModel):
            id: int
            child: Child

        class Child(BaseModel):
            name: "Name"

        Name = str

        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)
            return wrapper

        @router.get("/todos", response_model=list[Out])
        @logged
        def view(user: User, size: int = LIMIT, q: "Query" = None):
            """Lists."""
            # a comment
            from shop.late import late
            users = models.Todo.all(NAMES, TABLE)
            return helper(users), rule(), shop.prices.price(), late()

        Query = int

        def helper(todos):
            return [first(todo) for todo in todos]

        def first(todo):
            return helper if todo else second

        def second(): return 1

        @router.get("/users")
        def users(): return other()

        def other(): return app

        @app.get("/mine")
        def mine(): return app.title
    ''',
    "shop/models.py": """
        class Model:
            pass

        class Todo(Model):
            size = 1

        class Unrelated(Model):
            size = 1
    """,
    "shop/deps.py": """
        MAX = 10
        unused = 1
        def current_user(): return lookup()
        def lookup(): return 1
    """,
    "shop/rules.py": """
        def rule(): return FACTOR
        FACTOR = 2
        OTHER = 3
    """,
    "shop/prices.py": """
        def price(): return 1
        def discount(): return 2
    """,
    "shop/late.py": "def late(): return 1",
}


def write(project: Project, files: dict[str, str]) -> None:
    for name, text in files.items():
        project.write(name, text)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_in(tmp_path) as project:
        sys.path.insert(0, str(tmp_path))
        write(project, FILES)
        yield project


def take(name: str = "shop.views:view") -> str:
    """The fingerprint of a function of modules that are loaded anew."""
    for module in [loaded for loaded in sys.modules if loaded.partition(".")[0] in ("shop", "made")]:
        del sys.modules[module]
    importlib.invalidate_caches()
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return fingerprint(found)


def edit(project: Project, file: str, old: str, new: str) -> None:
    text = project.read(file)
    assert text.count(old) == 1
    path = project.directory / file
    path.write_text(text.replace(old, new))
    for compiled in path.parent.glob("__pycache__/*"):
        compiled.unlink()  # an edit within one second and of the same length would not be seen


CHANGES = [
    ("its own body", "shop/views.py", "rule(), shop", "rule(), 7, shop"),
    ("its decorator's arguments", "shop/views.py", '"/todos"', '"/todo"'),
    ("its decorator", "shop/views.py", "return function(*args, **kwargs)", "return None"),
    ("its default", "shop/deps.py", "MAX = 10", "MAX = 11"),
    ("its response model", "shop/views.py", "id: int", "id: str"),
    ("a model inside that", "shop/views.py", 'name: "Name"', 'name: "Name" = ""'),
    ("a type that only a text names", "shop/views.py", "Name = str", "Name = bytes"),
    ("a text in its signature", "shop/views.py", "Query = int", "Query = str"),
    ("its dependency", "shop/deps.py", "return lookup()", "return lookup() or 2"),
    ("what its dependency calls", "shop/deps.py", "def lookup(): return 1", "def lookup(): return 2"),
    ("Annotated metadata", "shop/views.py", "Annotated[str,", "Annotated[int,"),
    ("a function that it calls", "shop/views.py", "first(todo) for", "second() for"),
    ("one that this calls, in a cycle", "shop/views.py", "def second(): return 1", "def second(): return 2"),
    (
        "an attribute of a module",
        "shop/models.py",
        "class Todo(Model):\n    size = 1",
        "class Todo(Model):\n    size = 2",
    ),
    ("a base class", "shop/models.py", "class Model:\n    pass", "class Model:\n    x = 1"),
    ("a constant", "shop/views.py", '["a", "b"]', '["a", "d"]'),
    ("what is added to a constant", "shop/views.py", 'append("c")', 'append("d")'),
    ("an item of a constant", "shop/views.py", 'TABLE["x"] = 1', 'TABLE["x"] = 2'),
    ("what a star brings", "shop/rules.py", "FACTOR = 2", "FACTOR = 3"),
    ("a module by its whole path", "shop/prices.py", "def price(): return 1", "def price(): return 2"),
    ("what is imported inside it", "shop/late.py", "return 1", "return 2"),
    ("its router", "shop/views.py", 'prefix="/x"', 'prefix="/y"'),
]


@pytest.mark.parametrize(("file", "old", "new"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_it_changes_with(project: Project, file: str, old: str, new: str) -> None:
    before = take()
    edit(project, file, old, new)
    assert take() != before


KEPT = [
    ("nothing", "shop/views.py", "# a comment", "# a comment"),
    ("a comment", "shop/views.py", "# a comment", "# another"),
    ("a docstring", "shop/views.py", '"""Lists."""', '"""Shows."""'),
    ("no docstring", "shop/views.py", '"""Lists."""', ""),
    (
        "layout",
        "shop/views.py",
        "return helper(users), rule()",
        "return helper(\n\n        users\n    ), rule()",
    ),
    ("lines above it", "shop/views.py", "app = FastAPI()", "\n\n\napp = FastAPI()"),
    ("an unrelated view of its router", "shop/views.py", "def users(): return other()", "def users(): return 7"),
    ("what that calls", "shop/views.py", "def other(): return app", "def other(): return 7"),
    (
        "a view more",
        "shop/views.py",
        "def other(): return app",
        'def other(): return 1\n@router.get("/n")\ndef n(): pass',
    ),
    ("an unrelated class", "shop/models.py", "class Unrelated(Model):\n    size = 1", "class Unrelated: size = 2"),
    ("an import that it does not use", "shop/deps.py", "unused = 1", "unused = 2"),
    ("an unrelated function of a module", "shop/prices.py", "def discount(): return 2", "def discount(): return 3"),
    ("what a star brings and it does not use", "shop/rules.py", "OTHER = 3", "OTHER = 4"),
    ("a type that is only imported", "shop/views.py", "import json\n", "import json, decimal\n"),
]


@pytest.mark.parametrize(("file", "old", "new"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT])
def test_it_stays_with(project: Project, file: str, old: str, new: str) -> None:
    before = take()
    edit(project, file, old, new)
    assert take() == before


def test_a_local_name_is_not_the_global_of_the_same_name(project: Project) -> None:
    before = take()  # `users` is a local of the view and another view of the module
    edit(project, "shop/views.py", "def users(): return other()", "def users(): return 0")
    assert take() == before


def test_a_view_that_names_the_app_does_not_depend_on_the_other_views(project: Project) -> None:
    before = take("shop.views:mine")
    edit(project, "shop/views.py", "def other(): return app", 'def other(): pass\n@app.get("/n")\ndef n(): pass')
    assert take("shop.views:mine") == before
    edit(project, "shop/views.py", "app = FastAPI()", 'app = FastAPI(title="x")')
    assert take("shop.views:mine") != before


@pytest.mark.process
def test_it_is_the_same_in_every_process(project: Project) -> None:
    script = (
        "import sys; sys.path.insert(0, '.'); from shop.views import view; "
        "from gateway.evidence.fingerprint import fingerprint; print(fingerprint(view))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=project.directory,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert seen == {take()}
    assert len(take()) == 16


# --- other callables ---

MADE = {
    "made/__init__.py": "",
    "made/things.py": """
        import functools
        import re
        from dataclasses import dataclass
        from enum import Enum
        from flask.views import MethodView
        from made import inner

        class Size(Enum):
            SMALL = 1

        def closing(value):
            def view(): return value
            return view

        number = closing(1)
        nested = closing({"a": (1, 2.5, None, b"x"), "b": {3, 4}, "c": Size.SMALL, "d": re.compile("x")})
        over = closing(inner.called)
        partial = functools.partial(inner.called, 1, key=(2,))
        small = lambda value=inner.CONSTANT: value + 1

        @functools.cache
        def cached(): return inner.called()

        @dataclass(frozen=True)
        class Limit:
            rate: int
            next: object = None
            def __call__(self): return inner.called()

        limit = Limit(5)
        method = limit.__call__

        class View(MethodView):
            def get(self): return inner.called()

        class Child(View):
            init_every_request = False

        as_view = Child.as_view("child")
        builtin = len
        cyclic = closing([])
        cyclic.__closure__[0].cell_contents.append(cyclic)
    """,
    "made/inner.py": """
        CONSTANT = 1
        def called(*args, **kwargs): return 1
    """,
}
CALLED = ("made/inner.py", "return 1", "return 2")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project_in(tmp_path) as project:
        sys.path.insert(0, str(tmp_path))
        write(project, MADE)
        yield project


@pytest.mark.parametrize(
    ("name", "file", "old", "new"),
    [
        ("number", "made/things.py", "closing(1)", "closing(2)"),
        ("number", "made/things.py", "return value\n", "return value or 1\n"),
        ("nested", "made/things.py", "2.5", "2.6"),
        ("nested", "made/things.py", "{3, 4}", "{3, 5}"),
        ("nested", "made/things.py", '"d": re.compile("x")', '"d": re.compile("y")'),
        ("nested", "made/things.py", "SMALL = 1", "SMALL = 2"),
        ("over", *CALLED),
        ("partial", *CALLED),
        ("partial", "made/things.py", "called, 1,", "called, 3,"),
        ("partial", "made/things.py", "key=(2,)", "key=(3,)"),
        ("small", "made/things.py", "value + 1", "value + 2"),
        ("small", "made/inner.py", "CONSTANT = 1", "CONSTANT = 2"),
        ("cached", *CALLED),
        ("limit", *CALLED),
        ("limit", "made/things.py", "Limit(5)", "Limit(6)"),
        ("method", *CALLED),
        ("method", "made/things.py", "Limit(5)", "Limit(6)"),
        ("Limit", *CALLED),
        ("as_view", *CALLED),
        ("as_view", "made/things.py", "init_every_request = False", "init_every_request = True"),
        ("as_view", "made/things.py", "def get(self): return", "def get(self): return 1,"),
    ],
)
def test_a_callable_of_any_kind_changes_with_what_it_is_made_of(
    made: Project, name: str, file: str, old: str, new: str
) -> None:
    before = take(f"made.things:{name}")
    edit(made, file, old, new)
    assert take(f"made.things:{name}") != before


@pytest.mark.parametrize(
    "name", ["number", "nested", "over", "small", "limit", "as_view", "builtin", "cyclic", "Size", "partial"]
)
def test_each_kind_has_a_fingerprint_that_stays(made: Project, name: str) -> None:
    before = take(f"made.things:{name}")
    edit(made, "made/things.py", 'Child.as_view("child")', 'Child.as_view("child")  # a comment')
    assert take(f"made.things:{name}") == before


@pytest.mark.usefixtures("made")
def test_functions_of_one_place_differ_by_what_they_close_over() -> None:
    assert len({take(f"made.things:{name}") for name in ("number", "nested", "over", "builtin")}) == 4
    assert take("made.things:number") != take("made.things:small")


def test_what_an_environment_has_of_its_own_does_not_count(made: Project) -> None:
    text = """
        class Settings:
            def __init__(self, url, secret_key, size):
                self.url, self.secret_key, self.size = url, secret_key, size
            def __call__(self): ...
        one = Settings("postgresql://u:p@h/n", "abc", 1)
        two = Settings("sqlite:////tmp/x", "xyz", 1)
        three = Settings("sqlite:////tmp/x", "xyz", 2)
    """
    made.write("made/settings.py", text)
    one, two, three = (take(f"made.settings:{name}") for name in ("one", "two", "three"))
    assert one == two != three


def test_code_without_a_source_counts_by_its_instructions() -> None:
    def made_of(text: str) -> str:
        names: dict[str, object] = {"__name__": "nowhere"}
        exec(text, names)
        return fingerprint(names["f"])

    assert made_of("def f(): return 1") == made_of("# moved\n\n\ndef f(): return 1")
    assert made_of("def f(): return 1") != made_of("def f(): return 2")
    assert made_of("def f(): return a()") != made_of("def f(): return b()")


def test_a_library_counts_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.evidence import own_code

    before = fingerprint(importlib.import_module("click").echo)
    own_code.library_of.cache_clear()
    monkeypatch.setattr(own_code.importlib.metadata, "version", lambda _name: "99.0")
    assert fingerprint(importlib.import_module("click").echo) != before
    own_code.library_of.cache_clear()


def test_what_lies_beside_the_gateway_is_the_teams_own_and_the_gateway_is_not() -> None:
    assert is_own("legacy_flask")
    assert is_own(__name__)
    assert not any(map(is_own, ("gateway", "gateway.evidence.names", "flask", "json", "sys", "no_such_module")))
