"""The team's own modules as syntax trees: which statements bind a name, and what each part of a tree names.

Own is what lies outside of site-packages, the standard library and the gateway.
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

from .listeners import Listener, listener_of
from .names import Reference, imported_from, references

IMPORTS = (ast.Import, ast.ImportFrom)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True, slots=True)
class Part:
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
    """Those at its top level that register a function."""
    imports: tuple[str, ...] = ()
    """The modules that it may import, anywhere in it; some of the names are none."""
    _parts: dict[int, Part] = field(default_factory=dict)

    def made(self, name: str) -> list[ast.stmt]:
        """The statements that make what a name means; none where it is only handed on."""
        return [statement for statement in self.bindings.get(name, []) if not isinstance(statement, IMPORTS)]

    def part(self, node: ast.AST) -> Part:
        found = self._parts.get(id(node))
        if found is None:
            found = Part(ast.dump(node), tuple(dict.fromkeys(references(node, self.package))))
            self._parts[id(node)] = found
        return found

    def nodes_of(self, code: CodeType) -> list[ast.AST]:
        """What a function was made from. Lambdas that begin on one line are not told apart."""
        lambdas = code.co_name == "<lambda>"
        return [
            node
            for node in ast.walk(self.tree)
            if (isinstance(node, ast.Lambda) if lambdas else isinstance(node, _FUNCTIONS) and node.name == code.co_name)
            and _first_line(node) == code.co_firstlineno
        ]

    def class_of(self, qualname: str) -> list[ast.AST]:
        """The statements of a class, wherever in the module it is made."""
        nodes: list[ast.AST] = [self.tree]
        for name in qualname.replace(".<locals>", "").split("."):
            inside = (inner for node in nodes for inner in ast.walk(node) if inner is not node)
            nodes = [inner for inner in inside if isinstance(inner, (ast.ClassDef, *_FUNCTIONS)) and inner.name == name]
        return [node for node in nodes if isinstance(node, ast.ClassDef)]


@dataclass(frozen=True, slots=True, eq=False)
class Snippet:
    """Code out of a module that counts by itself."""

    source: OwnModule
    label: str
    nodes: tuple[ast.AST, ...]
    free: frozenset[str]
    """The local names of the functions around it."""


class OwnCode:
    """Reads each module once."""

    def __init__(self) -> None:
        self._found: dict[str, OwnModule | None] = {}

    def of(self, name: str) -> OwnModule | None:
        """The module of this name, loaded or not, or None where it is not the team's own or has no source."""
        if name not in self._found:
            spec = _spec(name)
            self._found[name] = None if spec is None or not spec.origin or not is_own(name) else _read(name, spec)
        return self._found[name]

    def loaded_with(self, names: Iterable[str]) -> Iterator[OwnModule]:
        """The team's own of these modules, of the packages around them and of all that these import, also late."""
        waiting, seen = list(names), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            package = name.rpartition(".")[0]
            if package:
                waiting.append(package)
            source = self.of(name) if not package or _is_own_package(package) else None
            if source is not None:
                waiting += source.imports
                yield source


def is_own(module_name: str) -> bool:
    """Whether a module is the team's own."""
    spec = _spec(module_name)
    if spec is None:
        return False
    places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
    return bool(places) and all(place is not None and _is_own_path(Path(place)) for place in places)


def is_own_instance(value: Any) -> bool:
    """Whether the team wrote the class of a value."""
    return is_own(type(value).__module__)


def values_in(module_name: str) -> Mapping[str, Any]:
    """What the names of a module mean; nothing while it is not loaded."""
    module = sys.modules.get(module_name)
    return {} if module is None else vars(module)


def _is_own_package(name: str) -> bool:
    """Whether it is loaded, for to look into one that is not would load it."""
    return hasattr(sys.modules.get(name), "__path__") and is_own(name)


def _spec(name: str) -> ModuleSpec | None:
    """Where a module is; of `python app.py`, where that is."""
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
    """`fastapi 0.165.0`: the distribution of a module that is not the team's own; `python 3.11.2` of the standard
    library's."""
    top = module_name.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return f"python {platform.python_version()}"
    names = sorted(set(_distributions().get(top, ())))
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names) or top


def text_of(code: CodeType) -> str:
    """Of code that has no source: its instructions, names and constants, without lines and places."""
    constants = [text_of(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return repr((code.co_code.hex(), code.co_names, code.co_varnames, constants))


@cache
def _distributions() -> Any:
    return importlib.metadata.packages_distributions()


@cache
def _foreign_places() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return (*(Path(sysconfig.get_path(name)).resolve() for name in names), Path(__file__).resolve().parents[2])


@cache
def _is_own_path(path: Path) -> bool:
    path = path.resolve()
    if {"site-packages", "dist-packages"} & set(path.parts) or not path.exists():
        return False
    return not any(path.is_relative_to(place) for place in _foreign_places())


def _read(name: str, spec: ModuleSpec) -> OwnModule | None:
    if spec.origin is None or not spec.origin.endswith(".py"):
        return None
    with tokenize.open(spec.origin) as opened:
        tree = _Bare().visit(ast.parse(opened.read()))
    package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
    module = OwnModule(name, package, tree, imports=tuple(dict.fromkeys(_imports(tree, package))))
    _index(tree.body, module)
    return module


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = imported_from(node, package)
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


class _Bare(ast.NodeTransformer):
    """Takes docstrings out, and every other text that stands as a statement."""

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
            if (root := _root(statement.value.func)) and isinstance(statement.value.func, ast.Attribute):
                source.calls.setdefault(root, []).append(statement)
        elif not isinstance(statement, (ast.ClassDef, *_FUNCTIONS)):
            for body in _BODIES:
                _index(getattr(statement, body, []), source)


def bound_names(statement: Any) -> Iterator[str]:
    """The names that a statement binds, those in its body aside, and those of which it sets an item or attribute."""
    if isinstance(statement, (ast.ClassDef, *_FUNCTIONS)):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.Assign):
        yield from (name for target in statement.targets for name in _targets(target))
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign | ast.For):
        yield from _targets(statement.target)
    elif isinstance(statement, ast.With):
        yield from (name for item in statement.items if item.optional_vars for name in _targets(item.optional_vars))
    elif sys.version_info >= (3, 12) and isinstance(statement, ast.TypeAlias):
        yield statement.name.id


def _targets(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        yield from (name for element in target.elts for name in _targets(element))
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value)
    elif root := _root(target):
        yield root


def _root(node: ast.expr) -> str | None:
    """The name at the left end of `name.a[0].b`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _first_line(node: Any) -> int:
    """As a code object has it: that of the first decorator."""
    lines: list[int] = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    first: int = min([node.lineno, *lines])
    return first
