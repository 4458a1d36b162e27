"""Find what a Flask view reads from its request, in its source and without running it.

Names are followed through assignments and into the app's own functions; what is not understood is left out.
"""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import flask

from .declared_fields import beside, declared_fields, texts_beside
from .parameters import Parameter, ViewReading, distinct, merged, type_named
from .view_sources import Scope, layers_of_view, own_function, tree_of

LOGGER = logging.getLogger("gateway")
MAX_DEPTH = 4
"""Calls that are followed into each other."""
_WHOLES = {
    "args": "query",
    "values": "query",
    "form": "form",
    "files": "file",
    "headers": "header",
    "cookies": "cookie",
    "json": "json",
    "data": "body",
    "stream": "body",
}
_READERS = {"get", "getlist", "pop", "setdefault"}


@dataclass(frozen=True, slots=True)
class WholeInput:
    """Everything at one location of a request, `request.args`."""

    where: str


@dataclass(frozen=True, slots=True)
class NamedInput:
    """A value read under one of these names at one location, or its length."""

    where: str
    names: tuple[str, ...]
    is_length: bool = False


@dataclass(frozen=True, slots=True)
class LoopNames:
    """A loop's variable, which is each of these texts in turn."""

    names: tuple[str, ...]


Taint = WholeInput | NamedInput | LoopNames | None
"""Where a value that a view holds came from in its request."""


def read_view(view: Any, method: str = "GET") -> ViewReading:
    """Return what a view, its decorators and the functions they call read of a request with that method.

    Whatever an object of the app raises when it is looked at costs the guesses about what comes after it, no more.
    """
    return _read(layers_of_view(view, method))


def read_hooks(functions: Iterable[Any]) -> ViewReading:
    """Return what functions that run before the views read; what they leave in `g` has the type `set`."""
    return _read((function, None) for function in map(own_function, functions) if function)


def _read(functions: Iterable[tuple[FunctionType, Any]]) -> ViewReading:
    notes, last = _Notes(), ""
    try:
        for function, owner in functions:
            last = f"{function.__module__}.{function.__qualname__}"
            _trace(function, owner, {}, notes, 0)
    except Exception as error:  # noqa: BLE001 - objects of the app: a proxy without its context, a descriptor
        LOGGER.warning("what %s reads of its request is known in part: %s: %s", last, type(error).__name__, error)
    return ViewReading(merged(notes.parameters), distinct(notes.statuses))


class _Notes:
    """Collects what has been found so far."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.statuses: list[int] = []
        self.traced: set[tuple[Any, ...]] = set()

    def note(self, taint: NamedInput, **more: Any) -> None:
        self.parameters += (Parameter(name, taint.where, **more) for name in taint.names)

    def refine(self, taint: NamedInput, **more: Any) -> None:
        """Note more about what is noted already; it is as required as that was."""
        for name in taint.names:
            known = any(one.required for one in self.parameters if (one.where, one.name) == (taint.where, name))
            self.parameters.append(Parameter(name, taint.where, required=known, **more))


def _trace(function: FunctionType, owner: Any, given: Mapping[str, Taint], notes: _Notes, depth: int) -> Taint:
    """Note what one function reads, and return the taint of what it returns."""
    key = (function.__code__, tuple(sorted(given.items())))
    tree = tree_of(function)
    if tree is None or depth > MAX_DEPTH or key in notes.traced:
        return None
    notes.traced.add(key)
    names = dict(given)
    tracer = _Tracer(Scope(function, owner, names), names, notes, depth)
    for statement in tree.body:
        tracer.visit(statement)
    notes.traced.discard(key)
    return tracer.returned


class _Tracer(ast.NodeVisitor):
    """Walks the statements of one function in the order of its source."""

    def __init__(self, scope: Scope, names: dict[str, Taint], notes: _Notes, depth: int) -> None:
        self._scope = scope
        self._names = names
        self._notes = notes
        self._depth = depth
        self._known: dict[ast.expr, Taint] = {}
        self.returned: Taint = None

    # --- statements ---

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Pass over a function inside, which is only defined here."""

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
            self._bind(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign | ast.NamedExpr) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._bind(node.target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit_AnnAssign(node)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        values = self._scope.constant(node.iter)
        if isinstance(node.target, ast.Name) and isinstance(values, list | tuple | set | frozenset | dict):
            self._names[node.target.id] = LoopNames(tuple(value for value in values if isinstance(value, str)))
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.returned = self._taint(node.value) or self.returned

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._names[target.id] = self._taint(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for pair in zip(target.elts, value.elts, strict=False):
                self._bind(*pair)

    # --- expressions ---

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if self._scope.object(node.value) is flask.g:
            kind = "set" if isinstance(node.ctx, ast.Store) else "read"
            self._notes.parameters.append(Parameter(node.attr, "g", kind))
        self._taint(node)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self._taint(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self._taint(node)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        terms = (node.left, *node.comparators)
        for left, operator, right in zip(terms, node.ops, terms[1:], strict=False):
            of_left, of_right = self._taint(left), self._taint(right)
            if isinstance(operator, ast.In | ast.NotIn) and isinstance(of_right, WholeInput):
                self._notes.note(NamedInput(of_right.where, self._keys(left)))
            elif isinstance(of_left, NamedInput):
                self._compare(of_left, self._scope.constant(right))
            elif isinstance(of_right, NamedInput):
                self._compare(of_right, self._scope.constant(left))

    def _compare(self, taint: NamedInput, limit: Any) -> None:
        """Note that the view compares what it has read with `limit`."""
        if isinstance(limit, int | float) and not isinstance(limit, bool):
            values = texts_beside(int(limit)) if taint.is_length else beside(limit)
            self._notes.refine(taint, type="" if taint.is_length else type(limit).__name__, interesting=values)
        elif isinstance(limit, str):
            self._notes.refine(taint, interesting=(limit,))
        elif isinstance(limit, list | tuple | set | frozenset | dict):
            choices = sorted((value for value in limit if isinstance(value, str | int)), key=str)
            self._notes.refine(taint, interesting=tuple(choices))

    def _taint(self, node: ast.expr) -> Taint:
        """Return where a value comes from, which is noted the first time that it is asked."""
        if isinstance(node, ast.Name):
            is_session = self._scope.object(node) is flask.session
            return WholeInput("session") if is_session else self._names.get(node.id)
        if node not in self._known:
            self._known[node] = self._find(node)
        return self._known[node]

    def _find(self, node: ast.expr) -> Taint:
        if isinstance(node, ast.Attribute) and self._scope.object(node.value) is flask.request:
            where = _WHOLES.get(node.attr)
            if node.attr == "authorization":
                self._notes.parameters.append(Parameter("Authorization", "header"))
            if where in {"json", "body"}:
                self._notes.parameters.append(Parameter("", where))
            return WholeInput(where) if where else None
        if isinstance(node, ast.Subscript):
            return self._note_read(node.value, node.slice, required=True)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BoolOp):
            return next((taint for value in node.values if (taint := self._taint(value))), None)
        if isinstance(node, ast.IfExp):
            return self._taint(node.body) or self._taint(node.orelse)
        return self._taint(node.value) if isinstance(node, ast.NamedExpr | ast.Await | ast.Starred) else None

    def _note_read(self, holder: ast.expr, key: ast.expr, **more: Any) -> Taint:
        """Note that names are read from what holds them; `more` are fields of a parameter."""
        whole = self._taint(holder)
        names = self._keys(key) if isinstance(whole, WholeInput) else ()
        if not isinstance(whole, WholeInput) or not names:
            return None
        taint = NamedInput(whole.where, names)
        self._notes.note(taint, **more)
        return taint

    def _keys(self, node: ast.expr) -> tuple[str, ...]:
        """Return the names that a key stands for: a text, or each that a loop goes through."""
        taint = self._taint(node)
        if isinstance(taint, LoopNames):
            return taint.names
        key = self._scope.constant(node)
        return (key,) if isinstance(key, str) else ()

    # --- calls ---

    def _call(self, node: ast.Call) -> Taint:
        """Return the taint of what a call gives; the first argument that has one decides where nothing is known."""
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        taints = [self._taint(argument) for argument in arguments]
        if isinstance(node.func, ast.Attribute) and (found := self._method(node, node.func, taints)):
            return found
        called = self._scope.object(node.func)
        if called is flask.abort:
            self._notes.statuses += (code for code in map(self._scope.constant, node.args[:1]) if isinstance(code, int))
            return None
        first = next((taint for taint in taints if taint), None)
        if isinstance(first, NamedInput) and (converted := self._converted(node, called, first)):
            return converted
        self._declared(called, first)
        if (function := own_function(called)) and (tree := tree_of(function)):
            names = [argument.arg for argument in tree.args.args]
            names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            named = ((keyword.arg, keyword.value) for keyword in node.keywords)
            pairs: Iterable[tuple[str | None, ast.expr]] = (*zip(names, node.args, strict=False), *named)
            given = {name: taint for name, value in pairs if name and (taint := self._taint(value))}
            return _trace(function, None, given, self._notes, self._depth + 1)
        return first if getattr(called, "__name__", "") in {"cast", "dict", "deepcopy"} else None

    def _method(self, node: ast.Call, method: ast.Attribute, taints: list[Taint]) -> Taint:
        """Return the taint of `request.get_json()`, `request.args.get(...)`, `title.strip()`, `schema.load(...)`."""
        holder = self._scope.object(method.value)
        if holder is flask.request and method.attr in {"get_json", "get_data"}:
            where = "json" if method.attr == "get_json" else "body"
            self._notes.parameters.append(Parameter("", where))
            return WholeInput(where)
        if method.attr in _READERS and node.args:
            return self._get(node, method)
        if method.attr in {"load", "model_validate", "parse_obj", "validate"} and taints:
            self._declared(holder or self._scope.object(getattr(method.value, "func", method.value)), taints[0])
        taint = self._taint(method.value)
        return taint if isinstance(taint, NamedInput) and method.attr not in {"split", "save", "read"} else None

    def _get(self, node: ast.Call, method: ast.Attribute) -> Taint:
        """Note a read with its `default` and its `type`, which may be a function of the app's own."""
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        default = given.get("default", node.args[1] if len(node.args) > 1 else None)
        value = None if default is None or method.attr == "getlist" else self._scope.constant(default)
        converter = self._scope.object(given["type"]) if "type" in given else None
        suggested = "list" if method.attr == "getlist" else type_named(type(value).__name__)
        kind = type_named(getattr(converter, "__name__", "")) or suggested
        taint = self._note_read(method.value, node.args[0], type=kind, default=value)
        if function := own_function(converter):
            names = function.__code__.co_varnames[:1]
            _trace(function, None, dict.fromkeys(names, taint), self._notes, self._depth + 1)
        return taint

    def _converted(self, node: ast.Call, called: Any, taint: NamedInput) -> Taint:
        """Return the taint of `len(title)` and `int(page)`; of `isinstance(...)` only note the type."""
        if called is len:
            return NamedInput(taint.where, taint.names, is_length=True)
        if called is isinstance and len(node.args) == 2:
            kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
            types = (type_named(getattr(self._scope.object(kind), "__name__", "")) for kind in kinds)
            self._notes.refine(taint, type=next(filter(None, types), ""))
            return None
        kind = type_named(called.__name__) if isinstance(called, type) else ""
        if kind:
            self._notes.refine(taint, type=kind)
        return taint if kind else None

    def _declared(self, called: Any, first: Taint) -> None:
        """Note the fields of a form, or of a schema that is given what was read."""
        fields = declared_fields(called, first.where if isinstance(first, WholeInput) else "json")
        if fields and (isinstance(first, WholeInput) or fields[0].where == "form"):
            self._notes.parameters += fields
