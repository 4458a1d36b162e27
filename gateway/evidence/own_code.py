"""The team's own modules as syntax trees: which statements bind a name or register a function, where a name was made.

A module is the team's own if it lies outside of site-packages, the standard library and the gateway.
"""

from __future__ import annotations

import ast
import importlib.metadata
import platform
import sys
import sysconfig
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any

from .names import FUNCTIONS, Reference, bound_names, dotted, imported_by, imported_from, references, root_of

_REGISTER = ("listen", "listens_for")
"""Names that `sqlalchemy.event` has for it, as a call and as a decorator."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A statement that registers a function: its own definition, or a call of `event.listen`."""

    statement: ast.stmt
    by: tuple[tuple[str, ...], ...]
    """The names that register the function: `("event", "listens_for")`."""
    targets: tuple[tuple[str, ...], ...]
    """The names that the function may be registered for: every one that is an argument, `("models", "Note")`."""

    @property
    def is_event(self) -> bool:
        """Whether SQLAlchemy calls the function."""
        return any(path[-1] in _REGISTER for path in self.by)


def listener_of(statement: ast.stmt) -> Listener | None:
    """Return what a statement registers, if it does."""
    expressions: list[ast.expr] = []
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        expressions = statement.decorator_list
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        expressions = [statement.value] if dotted(statement.value.func)[-1:] == ("listen",) else []
    calls = [call for call in expressions if isinstance(call, ast.Call) and dotted(call.func)]
    arguments = (each for call in calls for each in (*call.args, *(keyword.value for keyword in call.keywords)))
    targets = tuple(dict.fromkeys(filter(None, map(dotted, arguments))))
    return Listener(statement, tuple(dotted(call.func) for call in calls), targets) if targets else None


IMPORTS = (ast.Import, ast.ImportFrom)
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
_FOREIGN = (
    *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    Path(__file__).resolve().parents[1],
)
"""Directories of what is not the team's own."""


@dataclass(frozen=True, slots=True)
class CodePart:
    """A piece of code: what it says, comments, layout and docstrings aside, and what it names."""

    text: str
    references: tuple[Reference, ...]


@dataclass(slots=True)
class OwnModule:
    """One module of the team's own."""

    name: str
    package: str
    tree: ast.Module
    bindings: dict[str, list[ast.stmt]] = field(default_factory=dict)
    """The statements at its top level that bind a name, or set an item or attribute of what the name means."""
    calls: dict[str, list[ast.stmt]] = field(default_factory=dict)
    """The statements at its top level that only call a method of what a name means."""
    listeners: list[Listener] = field(default_factory=list)
    """The statements at its top level that register a function."""
    imports: tuple[str, ...] = ()
    """The modules that it may import, anywhere in it; some of the names are no modules."""
    _parts: dict[int, CodePart] = field(default_factory=dict)

    def made(self, name: str) -> list[ast.stmt]:
        """Return the statements that make what a name means; none where it is only handed on."""
        return [statement for statement in self.bindings.get(name, []) if not isinstance(statement, IMPORTS)]

    def part(self, node: ast.AST) -> CodePart:
        """Return what a piece of the module says and names; each is worked out once."""
        if id(node) not in self._parts:
            self._parts[id(node)] = CodePart(ast.dump(node), tuple(dict.fromkeys(references(node, self.package))))
        return self._parts[id(node)]

    def nodes_of(self, code: CodeType) -> list[ast.AST]:
        """Return what a function was made from. Lambdas that begin on one line are not told apart."""

        def place(node: ast.AST) -> tuple[str, int]:
            if isinstance(node, ast.Lambda):
                return "<lambda>", node.lineno
            if isinstance(node, FUNCTIONS):
                return node.name, min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "", 0

        return [node for node in ast.walk(self.tree) if place(node) == (code.co_name, code.co_firstlineno)]

    def class_of(self, qualname: str) -> list[ast.AST]:
        """Return the statements of a class, wherever in the module it is made."""
        nodes: list[ast.AST] = [self.tree]
        for name in qualname.replace(".<locals>", "").split("."):
            inside = (inner for node in nodes for inner in ast.walk(node) if inner is not node)
            nodes = [inner for inner in inside if isinstance(inner, (ast.ClassDef, *FUNCTIONS)) and inner.name == name]
        return [node for node in nodes if isinstance(node, ast.ClassDef)]


@dataclass(frozen=True, slots=True, eq=False)
class Snippet:
    """A piece of a module that counts by itself."""

    source: OwnModule
    label: str
    nodes: tuple[ast.AST, ...]
    free: frozenset[str]
    """The local names of the functions around it."""


class OwnCode:
    """The modules of the team's own, each read once."""

    def __init__(self) -> None:
        self._found: dict[str, OwnModule | None] = {}

    def of(self, name: str) -> OwnModule | None:
        """Return the module of this name, loaded or not; None where it is not the team's own or has no source."""
        if name not in self._found:
            spec = _spec(name)
            is_source = spec is not None and (spec.origin or "").endswith(".py") and is_own(name)
            self._found[name] = _read(name, spec) if spec is not None and is_source else None
        return self._found[name]

    def loaded_with(self, names: Iterable[str]) -> Iterator[OwnModule]:
        """Yield the own ones of these modules, of the packages around them and of all that these import, also late."""
        waiting, seen = list(names), set[str]()
        while waiting:
            if (name := waiting.pop()) in seen:
                continue
            seen.add(name)
            package = name.rpartition(".")[0]
            if package:
                waiting.append(package)
            # To look into a package that is not loaded would load it.
            is_open = not package or (hasattr(sys.modules.get(package), "__path__") and is_own(package))
            if is_open and (source := self.of(name)) is not None:
                waiting += source.imports
                yield source


@dataclass(frozen=True, slots=True)
class Definition:
    """A name of a module that another name leads to, or over."""

    module: str
    name: str = ""
    """Empty for all of the module."""
    source: OwnModule | None = None
    """None where the module is not the team's own."""


class DefinitionSearch:
    """One search for where a name was made, through every module that hands it on, the nearest definition first.

    A circle ends where it began, or at the module that a package imports from itself under this name.
    """

    def __init__(self, code: OwnCode) -> None:
        self._code = code
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def named(self, source: OwnModule, path: tuple[str, ...]) -> Iterator[Definition]:
        """Yield what a global of a module of the team's own leads to; `("models", "Todo")` is one with an attribute."""
        self._seen.add((source.name, path))
        name, *rest = path
        yield Definition(source.name, name, source)
        statements = source.bindings.get(name, [])
        for statement in statements:
            if not isinstance(statement, IMPORTS):
                continue
            for alias in statement.names:
                if name != (alias.asname or alias.name.partition(".")[0]):
                    continue
                if isinstance(statement, ast.ImportFrom):
                    yield from self.imported(imported_from(statement, source.package), (alias.name, *rest))
                else:
                    yield from self.imported(alias.name if alias.asname else name, tuple(rest))
        for statement in source.bindings.get("*", []) if not statements else ():
            if isinstance(statement, ast.ImportFrom):
                found = self._code.of(imported_from(statement, source.package))
                if found is not None and _has(found, name) and (found.name, path) not in self._seen:
                    yield from self.named(found, path)

    def imported(self, module: str, path: tuple[str, ...]) -> Iterator[Definition]:
        """Yield what `path` is in any module: a name of it, a module inside it, or all of it for an empty path."""
        if not is_own(module):
            yield Definition(module, ".".join(path))
            return
        source = self._code.of(module)
        inner = f"{module}.{path[0]}" if path else ""
        is_known = path and source is not None and _has(source, path[0])
        if source is not None and is_known and (module, path) not in self._seen:
            yield from self.named(source, path)
        elif path and is_own(inner):
            yield from self.imported(inner, path[1:])
        elif source is not None and not is_known:
            yield Definition(module, "", source)


def _has(source: OwnModule, name: str) -> bool:
    """Tell whether a module has a name of its own, beside the modules that it holds."""
    is_module = f"{source.name}.{name}" in sys.modules
    return name in source.bindings or (name in values_in(source.name) and not is_module)


def is_own(module_name: str) -> bool:
    """Tell whether a module is the team's own."""
    spec = _spec(module_name)
    if spec is None:
        return False
    paths = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
    return bool(paths) and all(path is not None and _is_own_path(Path(path)) for path in paths)


def values_in(module_name: str) -> Mapping[str, Any]:
    """Return what the names of a module mean; nothing while it is not loaded."""
    module = sys.modules.get(module_name)
    return {} if module is None else vars(module)


def _spec(name: str) -> ModuleSpec | None:
    """Return where a module is; for `python app.py`, where that file is."""
    module = sys.modules.get(name)
    if module is not None and module.__spec__ is None:
        file = getattr(module, "__file__", None)
        return None if file is None else spec_from_file_location(name, file)
    try:
        return find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None


@cache
def library_of(module_name: str) -> str:
    """Return the distribution of a module, `fastapi 0.165.0`; `python 3.11.2` for the standard library."""
    top = module_name.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return f"python {platform.python_version()}"
    names = sorted(set(_distributions().get(top, ())))
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names) or top


def text_of(code: CodeType) -> str:
    """Return code that has no source as text: its instructions, names and constants, without lines and files."""
    constants = [text_of(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return repr((code.co_code.hex(), code.co_names, code.co_varnames, constants))


_distributions = cache(importlib.metadata.packages_distributions)


@cache
def _is_own_path(path: Path) -> bool:
    path = path.resolve()
    if {"site-packages", "dist-packages"} & set(path.parts) or not path.exists():
        return False
    return not any(path.is_relative_to(directory) for directory in _FOREIGN)


def _read(name: str, spec: ModuleSpec) -> OwnModule:
    with tokenize.open(spec.origin or "") as opened:
        tree = _WithoutTexts().visit(ast.parse(opened.read()))
    package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
    imported = (each for node in ast.walk(tree) for each in imported_by(node, package))
    imports = dict.fromkeys(name for module, path in imported for name in (module, ".".join((module, *path))))
    source = OwnModule(name, package, tree, imports=tuple(imports))
    _index(tree.body, source)
    return source


class _WithoutTexts(ast.NodeTransformer):
    """Takes docstrings out of a tree, and every other text that stands as a statement."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)


def _index(statements: list[ast.stmt], source: OwnModule) -> None:
    for statement in statements:
        for name in bound_names(statement):
            source.bindings.setdefault(name, []).append(statement)
        if (listener := listener_of(statement)) is not None:
            source.listeners.append(listener)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            if (root := root_of(statement.value.func)) and isinstance(statement.value.func, ast.Attribute):
                source.calls.setdefault(root, []).append(statement)
        elif not isinstance(statement, (ast.ClassDef, *FUNCTIONS)):
            for body in _BODIES:
                _index(getattr(statement, body, []), source)
