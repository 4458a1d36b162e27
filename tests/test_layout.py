"""The house rules of `gateway/`: imports point one way, files stay small, what is public is documented."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gateway.cli.main import cli

ROOT = Path(__file__).parent.parent
GATEWAY = ROOT / "gateway"
MAX_LINES = 350


def name_of(path: Path) -> str:
    """`routing/canary.py` -> `routing.canary`; a package goes by its own name."""
    parts = path.relative_to(GATEWAY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


SOURCES = {name_of(path): path for path in sorted(GATEWAY.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of pyproject.toml over the package that stands in a directory."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.process
def test_packages_import_from_those_below_them_only() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.process
def test_the_contract_can_be_broken(tmp_path: Path) -> None:
    for name in ("gateway", "legacy_flask", "new_fastapi"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "gateway" / "routing" / "upwards.py").write_text("from ..serving import gateway\n")
    (tmp_path / "gateway" / "http" / "sample.py").write_text("import new_fastapi\n")
    checked = lint_imports(tmp_path)
    assert "gateway.routing is not allowed to import gateway.serving" in checked.stdout
    assert "gateway.http.sample -> new_fastapi" in checked.stdout


def test_the_root_holds_packages() -> None:
    assert {path.name for path in GATEWAY.iterdir() if path.is_file()} == {
        "__init__.py",
        "__main__.py",
        "errors.py",
        "py.typed",
    }


def test_modules_are_small() -> None:
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in SOURCES.items()}
    assert {name: number for name, number in lines.items() if number > MAX_LINES} == {}


Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def test_what_is_public_says_what_it_is() -> None:
    public = [
        (f"{name}.{node.name}", node)
        for name, tree in TREES.items()
        for node in tree.body
        if isinstance(node, Documented) and not node.name.startswith("_")
        if not any("cause(" in ast.unparse(one) for one in node.decorator_list)  # says it
    ]
    assert [name for name, node in [*TREES.items(), *public] if not ast.get_docstring(node)] == []


VERB = re.compile(r"(?!The |A |An |As |Of |Its |With |Without |Beside |What |Whether |How |Each |Every )[A-Z][a-z]+\b")
NO_VERB_NEEDED = re.compile(r"property|\.command\(|\.group\(")
"""A property is read as a value is, and a command's docstring is its help."""


def test_what_a_public_function_says_begins_with_a_verb() -> None:
    texts = {
        f"{name}:{node.lineno} {node.name}": ast.get_docstring(node) or ""
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not node.name.startswith("_")
        if not any(NO_VERB_NEEDED.search(ast.unparse(decorator)) for decorator in node.decorator_list)
    }
    assert {function: text for function, text in texts.items() if text and not VERB.match(text)} == {}


# --- the tests ---

TESTS = ROOT / "tests"
PACKAGES = {path.parent.relative_to(GATEWAY) for path in GATEWAY.rglob("__init__.py")}
NOT_OF_A_PACKAGE = {
    "benchmarks",
    "bridge/differential",
    "comparing/causes/facts",
    "docs",
    "mutation",
    "samples",
    "strangers",
    "support",
}


def stands_right(path: Path) -> bool:
    directory = path.relative_to(TESTS).parent
    if any(directory.is_relative_to(other) for other in NOT_OF_A_PACKAGE):
        return True
    name = path.name.removeprefix("test_")
    homes = {module.relative_to(GATEWAY).parent for module in SOURCES.values() if module.name == name}
    return directory in (homes or PACKAGES)


def test_tests_stand_where_the_package_stands() -> None:
    """A test file lies in the directory of a package, and if it has a module's name, in that module's."""
    files = [*TESTS.rglob("test_*.py")]
    assert len(files) > 100
    assert [str(path.relative_to(TESTS)) for path in files if not stands_right(path)] == []


# --- the command line and the documentation ---

DOCUMENTS = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
_NO_CONTEXT = click.Context(cli)
COMMANDS = {name: command for name in cli.list_commands(_NO_CONTEXT) if (command := cli.get_command(_NO_CONTEXT, name))}
OPTIONS = [
    (command.name or "", option)
    for command in (cli, *COMMANDS.values())
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in (*parameter.opts, *parameter.secondary_opts)
]


def is_documented(word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", DOCUMENTS) is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"^## {command}\b", DOCUMENTS, re.MULTILINE)
    assert is_documented(f"gateway {command}")


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_is_documented_in_its_commands_section(command: str, option: str) -> None:
    heading = command if command in COMMANDS else "The `gateway` command"
    section = re.search(rf"^##? {re.escape(heading)}.*?(?=^## |\Z)", DOCUMENTS, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", section[0])


@pytest.mark.parametrize(
    "code", sorted(set(re.findall(r'Level\.\w+, "([a-z-]+)"', SOURCES["apps.findings"].read_text())))
)
def test_every_code_of_a_finding_is_documented(code: str) -> None:
    assert is_documented(f"`{code}`")
