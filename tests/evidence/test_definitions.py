"""Where a name leads when packages hand it on, and when imports go round in a circle."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.evidence.fingerprint import fingerprint
from gateway.evidence.own_code import DefinitionSearch, OwnCode
from tests.support.projects import Project, importable_project

FILES = {
    "shop/__init__.py": """
        from . import models
        from . import models as tables
        from .sub import sub
        from .first import SHARED
        from .rules import *
    """,
    "shop/models.py": "NAME = 1\nOTHER = 1\n",
    "shop/sub.py": "def sub(): return STEP\nSTEP = 1\n",
    "shop/first.py": """
        try:
            from .second import SHARED
        except ImportError:
            SHARED = 1
    """,
    "shop/second.py": "from .first import SHARED\n",
    "shop/rules.py": "FACTOR = 1\nUNUSED = 1\n",
    "shop/lost.py": "from .lost_too import GONE\n",
    "shop/lost_too.py": "from .lost import GONE\n",
    "shop/views.py": """
        from shop import SHARED, models, sub, tables
        from shop.rules import *
        import shop
        def by_from(): return models.NAME
        def by_alias(): return tables.NAME
        def by_path(): return shop.models.NAME
        def by_star(): return FACTOR
        def by_package_star(): return shop.FACTOR
        def by_name_of_its_module(): return sub()
        def in_a_circle(): return SHARED
        def inside():
            from shop import models
            return models.NAME
        def lost():
            from shop.lost import GONE
            return GONE
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with importable_project(tmp_path, FILES) as project:
        yield project


def take(view: str) -> str:
    for module in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "shop"]:
        del sys.modules[module]
    importlib.invalidate_caches()
    return fingerprint(getattr(importlib.import_module("shop.views"), view))


def changes(project: Project, view: str, file: str, old: str, new: str) -> bool:
    before = take(view)
    text = project.read(file)
    assert text.count(old) == 1
    (project.directory / file).write_text(text.replace(old, new))
    for compiled in project.directory.glob("*/__pycache__/*"):
        compiled.unlink()
    return take(view) != before


NAME = ("shop/models.py", "NAME = 1", "NAME = 2")
FACTOR = ("shop/rules.py", "FACTOR = 1", "FACTOR = 2")


@pytest.mark.parametrize(
    ("view", "file", "old", "new"),
    [
        ("by_from", *NAME),
        ("by_alias", *NAME),
        ("by_path", *NAME),
        ("inside", *NAME),
        ("by_star", *FACTOR),
        ("by_package_star", *FACTOR),
        ("by_name_of_its_module", "shop/sub.py", "STEP = 1", "STEP = 2"),
        ("in_a_circle", "shop/first.py", "SHARED = 1", "SHARED = 2"),
    ],
)
def test_a_name_leads_to_where_it_was_made(project: Project, view: str, file: str, old: str, new: str) -> None:
    assert changes(project, view, file, old, new)


@pytest.mark.parametrize(
    ("view", "file", "old", "new"),
    [
        ("by_from", "shop/models.py", "OTHER = 1", "OTHER = 2"),
        ("by_from", *FACTOR),
        ("by_star", "shop/rules.py", "UNUSED = 1", "UNUSED = 2"),
        ("by_name_of_its_module", *NAME),
        ("in_a_circle", *NAME),
    ],
)
def test_and_to_nothing_beside_it(project: Project, view: str, file: str, old: str, new: str) -> None:
    assert not changes(project, view, file, old, new)


@pytest.mark.usefixtures("project")
def test_a_name_that_two_modules_hand_to_each_other_ends() -> None:
    assert take("lost") == take("lost")


@pytest.mark.usefixtures("project")
def test_every_module_on_the_way_is_told() -> None:
    take("by_from")
    code = OwnCode()
    views = code.of("shop.views")
    assert views is not None
    found = [(each.module, each.name) for each in DefinitionSearch(code).named(views, ("models", "NAME"))]
    assert found == [("shop.views", "models"), ("shop", "models"), ("shop.models", "NAME")]
    assert [(each.module, each.source) for each in DefinitionSearch(code).named(views, ("nothing",))] == [
        ("shop.views", views)
    ]
