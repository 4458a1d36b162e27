"""Which functions count though no code names them: those that are registered for what a route reaches."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.evidence.fingerprint import fingerprint
from gateway.evidence.own_code import listener_of
from tests.support.projects import Project, importable_project

FILES = {
    "shop/__init__.py": "from shop import audit\n",
    "shop/models.py": """
        from sqlalchemy import Integer, event
        from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

        LIMIT = 10

        class Base(DeclarativeBase):
            pass

        class Note(Base):
            __tablename__ = "notes"
            id: Mapped[int] = mapped_column(Integer, primary_key=True)

        class Other(Base):
            __tablename__ = "others"
            id: Mapped[int] = mapped_column(Integer, primary_key=True)

        @event.listens_for(Note, "before_insert")
        def stamp(mapper, connection, target): return stamped()
        def stamped(): return 1

        @event.listens_for(Other, "before_insert")
        def stamp_other(mapper, connection, target): return 1

        @event.listens_for(Base, "before_update", propagate=True)
        def of_all(mapper, connection, target): return 1

        @event.listens_for(Session, "before_flush")
        def flushing(session, context, instances): return 1

        def checked(mapper, connection, target): return 1
        event.listen(Note, "before_delete", checked)

        def other_checked(mapper, connection, target): return 1
        event.listen(Other, "before_delete", other_checked)
    """,
    "shop/audit.py": """
        import functools
        from sqlalchemy import event
        from shop import models
        from shop.models import Note as Written

        @event.listens_for(models.Note, "after_insert")
        def dotted(mapper, connection, target): return 1

        @event.listens_for(target=Written, identifier="after_update")
        def by_keyword(mapper, connection, target): return 1

        @event.listens_for(models.Note.id, "set")
        def of_a_column(target, value, old, initiator): return 1

        def logged(function):
            @functools.wraps(function)
            def wrapper(*arguments): return function(*arguments)
            return wrapper

        @event.listens_for(models.Note, "load")
        @logged
        def wrapped(target, context): return 1

        @event.listens_for(models.Other, "after_insert")
        def of_other(mapper, connection, target): return 1
    """,
    "shop/unheard.py": """
        from sqlalchemy import event
        from shop.models import Note
        @event.listens_for(Note, "after_delete")
        def never_loaded(mapper, connection, target): return 1
    """,
    "shop/views.py": """
        import functools
        from fastapi import APIRouter
        from shop.models import LIMIT, Note, Other

        router = APIRouter()

        @functools.singledispatch
        def shown(value): return value

        @shown.register(Note)
        def shown_note(value): return 1

        @functools.lru_cache(LIMIT)
        def cached(): return 1

        def needs(thing):
            def wrap(function):
                @functools.wraps(function)
                def wrapper(): return function()
                return wrapper
            return wrap

        def marks(thing): return lambda function: function

        @router.get("/notes", response_model=None)
        def notes(): return Note, LIMIT, shown

        @router.get("/more")
        @marks(Note)
        def more(): return 1

        @needs(Note)
        def wrapped(): return 1

        @router.get("/others")
        def others(): return Other

        @router.get("/nothing")
        def nothing(): return 1
    """,
}
VIEWS = ("notes", "others", "nothing")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with importable_project(tmp_path, FILES) as project:
        yield project


def take() -> dict[str, str]:
    for module in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "shop"]:
        del sys.modules[module]
    importlib.invalidate_caches()
    views = importlib.import_module("shop.views")
    return {view: fingerprint(getattr(views, view)) for view in VIEWS}


def changed(project: Project, file: str, function: str) -> set[str]:
    """The views whose fingerprints change with the body of a function."""
    before = take()
    lines = project.read(file).splitlines()
    (at,) = [at for at, line in enumerate(lines) if line.startswith(f"def {function}(")]
    lines[at] = f"{lines[at]}, 2"
    (project.directory / file).write_text("\n".join(lines))
    for compiled in project.directory.glob("*/__pycache__/*"):
        compiled.unlink()
    after = take()
    return {view for view in VIEWS if before[view] != after[view]}


@pytest.mark.parametrize(
    ("file", "function", "views"),
    [
        ("shop/models.py", "stamp", {"notes"}),
        ("shop/models.py", "stamped", {"notes"}),
        ("shop/models.py", "checked", {"notes"}),
        ("shop/models.py", "stamp_other", {"others"}),
        ("shop/models.py", "other_checked", {"others"}),
        ("shop/models.py", "of_all", {"notes", "others"}),
        ("shop/models.py", "flushing", {"notes", "others"}),
        ("shop/audit.py", "dotted", {"notes"}),
        ("shop/audit.py", "by_keyword", {"notes"}),
        ("shop/audit.py", "of_a_column", {"notes"}),
        ("shop/audit.py", "wrapped", {"notes"}),
        ("shop/audit.py", "of_other", {"others"}),
        ("shop/views.py", "shown_note", {"notes"}),
    ],
)
def test_a_listener_counts_where_what_it_listens_to_is_reached(
    project: Project, file: str, function: str, views: set[str]
) -> None:
    assert changed(project, file, function) == views


@pytest.mark.parametrize(
    ("file", "function"),
    [
        ("shop/unheard.py", "never_loaded"),
        ("shop/views.py", "cached"),
        ("shop/views.py", "more"),
        ("shop/views.py", "wrapped"),
    ],
    ids=["in a module that nothing imports", "for a constant", "a view", "another function in its place"],
)
def test_what_is_no_listener_of_it_does_not_count(project: Project, file: str, function: str) -> None:
    assert changed(project, file, function) == set()


@pytest.mark.usefixtures("project")
def test_a_module_counts_where_it_is_loaded_for_the_app() -> None:
    before = take()["notes"]
    view = importlib.import_module("shop.views").notes
    assert fingerprint(view, within=["shop.unheard"]) == before
    importlib.import_module("shop.unheard")
    assert fingerprint(view) == before
    assert fingerprint(view, within=["shop.unheard"]) != before


@pytest.mark.parametrize(
    ("text", "by", "targets"),
    [
        ('@event.listens_for(Note, "x")\ndef f(): ...', [("event", "listens_for")], [("Note",)]),
        ("@a(x.y, k=z)\n@b(x.y)\n@c\nasync def f(): ...", [("a",), ("b",)], [("x", "y"), ("z",)]),
        ('event.listen(Note, "x", f)', [("event", "listen")], [("Note",), ("f",)]),
        ("listen(Note)", [("listen",)], [("Note",)]),
    ],
)
def test_a_statement_that_registers_a_function(
    text: str, by: list[tuple[str, ...]], targets: list[tuple[str, ...]]
) -> None:
    found = listener_of(ast.parse(text).body[0])
    assert found is not None
    assert (list(found.by), list(found.targets)) == (by, targets)


@pytest.mark.parametrize(
    "text",
    ["f(Note)", "event.listen('x')", "@f\ndef g(): ...", "@f('x')\ndef g(): ...", "@f(Note)\nclass A: ...", "x = 1"],
)
def test_a_statement_that_registers_none(text: str) -> None:
    assert listener_of(ast.parse(text).body[0]) is None
