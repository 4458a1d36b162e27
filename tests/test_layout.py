"""The house rules of `gateway/`: imports point one way, files stay small, what is public is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import click
import pytest

from gateway.cli.main import cli

ROOT = Path(__file__).parent.parent
GATEWAY = ROOT / "gateway"
LONGEST = 350

ORDER = [
    "errors", "matcher", "routes", "routing", "toml_statements", "limits", "policy", "policy_table", "migration_map",
    "flip", "importer", "inventory", "check", "display", "scaffold", "asgi", "access_log", "answer",
    "bridge", "lifespan", "reload", "status", "rollout",
    "parity", "parity.comparing", "parity.explaining", "parity.judging", "parity.replaying", "parity.cases",
    "parity.generating", "parity.proving", "store_tables", "store_opening", "store_rows", "store",
    "parity.reporting", "parity.plan", "parity.failure_text", "parity.run", "parity.both_sides", "parity.finds",
    "parity.pytest_parity", "parity.pytest_plugin",
    "route_index", "app", "__init__", "protocol", "serving", "gate",
    "parity_display", "parity_command", "cli_corpus", "cli_evidence", "cli", "__main__",
]  # fmt: skip
"""A module or package imports from those before it and from its own package; nowhere is there a cycle."""


def name_of(path: Path) -> str:
    """`rollout/canary.py` -> `rollout.canary`; a package goes by its own name."""
    parts = path.relative_to(GATEWAY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


SOURCES = {name_of(path): path for path in sorted(GATEWAY.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}


def imports(name: str) -> Iterator[str]:
    """What a module imports, anywhere in it: modules of `gateway` by their names here, other packages by theirs."""
    inside = SOURCES[name].parent.relative_to(ROOT).parts
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (_known(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = inside[: len(inside) + 1 - node.level] if node.level else ()
            module = node.module.split(".") if node.module else []
            yield from (_known([*package, *module, alias.name]) for alias in node.names)


def _known(path: list[str]) -> str:
    """The longest part of a dotted path that is a module of `gateway`, else the package that it is of."""
    if path[0] != "gateway":
        return path[0]
    tails = (".".join(path[1:end]) for end in range(len(path), 1, -1))
    return next((tail for tail in tails if tail in SOURCES), "__init__")


def place(name: str) -> int:
    """Where the module stands in the order: its own place, or that of the package around it."""
    parts = name.split(".")
    around = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next(ORDER.index(part) for part in around if part in ORDER)


def test_everything_in_the_order_is_there() -> None:
    assert [name for name in ORDER if name not in SOURCES] == []


@pytest.mark.parametrize("name", SOURCES)
def test_imports_point_one_way(name: str) -> None:
    own = {imported for imported in imports(name) if imported in SOURCES}
    assert {imported for imported in own if place(imported) > place(name)} == set()


def test_no_imports_go_round_in_a_circle() -> None:
    graph = {name: {one for one in imports(name) if one in SOURCES and one != name} for name in SOURCES}
    assert list(TopologicalSorter(graph).static_order())


def test_the_walk_sees_imports_in_all_their_forms() -> None:
    assert {"errors", "routes", "werkzeug"} <= set(imports("routing"))
    assert {"access_log", "rollout.canary"} <= set(imports("app"))
    assert {"asgi", "routes"} <= set(imports("rollout.canary"))
    assert "__init__" in set(imports("cli"))


@pytest.mark.parametrize("name", SOURCES)
def test_the_apps_come_by_import_string(name: str) -> None:
    assert {"legacy_flask", "new_fastapi", "tests"}.isdisjoint(imports(name))


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_is_small(name: str) -> None:
    assert len(SOURCES[name].read_text(encoding="utf-8").splitlines()) <= LONGEST


Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_public_says_what_it_is(name: str) -> None:
    public = (node for node in TREES[name].body if isinstance(node, Documented) and not node.name.startswith("_"))
    assert ast.get_docstring(TREES[name])
    assert [node.name for node in public if not ast.get_docstring(node)] == []


# --- the command line and the documentation ---

DOCUMENTS = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
OPTIONS = [
    (command.name or "", option)
    for command in (cli, *cli.commands.values())
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in (*parameter.opts, *parameter.secondary_opts)
]


def is_documented(word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", DOCUMENTS) is not None


@pytest.mark.parametrize("command", cli.commands)
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"^## {command}\b", DOCUMENTS, re.MULTILINE)
    assert is_documented(f"gateway {command}")


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_is_documented_in_its_commands_section(command: str, option: str) -> None:
    heading = command if command in cli.commands else "The `gateway` command"
    section = re.search(rf"^##? {re.escape(heading)}.*?(?=^## |\Z)", DOCUMENTS, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", section[0])


@pytest.mark.parametrize("code", sorted(set(re.findall(r'Level\.\w+, "([a-z-]+)"', SOURCES["check"].read_text()))))
def test_every_code_of_a_finding_is_documented(code: str) -> None:
    assert is_documented(f"`{code}`")
