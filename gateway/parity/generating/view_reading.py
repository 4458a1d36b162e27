"""What a Flask view reads from its request, found in its source without running it.

Names are followed through assignments and into the app's own functions; what is not understood is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any

import flask

from .declared_fields import beside, declared_fields, texts_beside
from .parameters import Parameter, ViewReading, distinct, merged
from .taint import Names, Origin, Part, Whole
from .view_sources import Scope, is_library, layers_of_view, plain, tree_of

DEEPEST = 4
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
_TYPES = {
    "int": "int",
    "float": "float",
    "Decimal": "float",
    "bool": "bool",
    "str": "text",
    "list": "list",
    "dict": "object",
}
_READERS = {"get", "getlist", "pop", "setdefault"}


def read_view(view: Any, method: str = "GET") -> ViewReading:
    """What a view, its decorators and the functions they call read of a request with that method."""
    notes = _Notes()
    for function, owner in layers_of_view(view, method):
        _trace(function, owner, {}, notes, 0)
    return notes.reading()


def read_hooks(functions: Iterable[Any]) -> ViewReading:
    """The same of functions that run before the views; what they leave in `g` has the type `set`."""
    notes = _Notes()
    for hook in functions:
        function = plain(hook)
        if function is not None and not is_library(function):
            _trace(function, None, {}, notes, 0)
    return notes.reading()


class _Notes:
    """What has been found so far."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.statuses: list[int] = []
        self.traced: set[tuple[Any, ...]] = set()

    def reading(self) -> ViewReading:
        return ViewReading(merged(self.parameters), distinct(self.statuses))

    def note(self, part: Part, **more: Any) -> None:
        self.parameters += (Parameter(name, part.where, **more) for name in part.names)

    def refine(self, part: Part, **more: Any) -> None:
        """More about what is noted already, and as required as that was."""
        for name in part.names:
            known = any(one.required for one in self.parameters if (one.where, one.name) == (part.where, name))
            self.parameters.append(Parameter(name, part.where, required=known, **more))


def _trace(function: FunctionType, owner: Any, given: Mapping[str, Origin], notes: _Notes, depth: int) -> Origin:
    """Note what one function reads; the origin of what it returns."""
    key = (function.__code__, tuple(sorted(given.items())))
    tree = tree_of(function)
    if tree is None or depth > DEEPEST or key in notes.traced:
        return None
    notes.traced.add(key)
    names = dict(given)
    tracer = _Tracer(Scope(function, owner, names), names, notes, depth)
    for statement in tree.body:
        tracer.visit(statement)
    notes.traced.discard(key)
    return tracer.returned


class _Tracer(ast.NodeVisitor):
    """Walks one function in the order of its source."""

    def __init__(self, scope: Scope, names: dict[str, Origin], notes: _Notes, depth: int) -> None:
        self._scope = scope
        self._names = names
        self._notes = notes
        self._depth = depth
        self._known: dict[ast.expr, Origin] = {}
        self.returned: Origin = None

    # --- statements ---

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function inside is only defined here."""

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
            self._bind(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._bind(node.target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target, node.value)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        values = self._scope.constant(node.iter)
        if isinstance(node.target, ast.Name) and isinstance(values, list | tuple | set | frozenset | dict):
            self._names[node.target.id] = Names(tuple(value for value in values if isinstance(value, str)))
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.returned = self._origin(node.value) or self.returned

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._names[target.id] = self._origin(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its_value in zip(target.elts, value.elts, strict=False):
                self._bind(one, its_value)

    # --- expressions ---

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if self._scope.object(node.value) is flask.g:
            kind = "set" if isinstance(node.ctx, ast.Store) else "read"
            self._notes.parameters.append(Parameter(node.attr, "g", kind))
        self._origin(node)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self._origin(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self._origin(node)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        terms = (node.left, *node.comparators)
        for left, operator, right in zip(terms, node.ops, terms[1:], strict=False):
            whole, part = self._origin(right), self._origin(left)
            if isinstance(operator, ast.In | ast.NotIn) and isinstance(whole, Whole):
                self._notes.note(Part(whole.where, self._keys(left)))
            elif isinstance(part, Part):
                self._turn(part, self._scope.constant(right))
            elif isinstance(whole, Part):
                self._turn(whole, self._scope.constant(left))

    def _turn(self, part: Part, limit: Any) -> None:
        """A view compares what it has read with `limit`."""
        if isinstance(limit, bool) or limit is None:
            return
        if isinstance(limit, int | float):
            values = texts_beside(int(limit)) if part.is_length else beside(limit)
            kind = "" if part.is_length else type(limit).__name__
            self._notes.refine(part, type=kind, interesting=values)
        elif isinstance(limit, str):
            self._notes.refine(part, interesting=(limit,))
        elif isinstance(limit, list | tuple | set | frozenset | dict):
            self._notes.refine(part, interesting=tuple(sorted((v for v in limit if isinstance(v, str | int)), key=str)))

    def _origin(self, node: ast.expr) -> Origin:
        """Where a value comes from; noted the first time that it is asked."""
        if isinstance(node, ast.Name):
            is_session = self._scope.object(node) is flask.session
            return Whole("session") if is_session else self._names.get(node.id)
        if node not in self._known:
            self._known[node] = self._find(node)
        return self._known[node]

    def _find(self, node: ast.expr) -> Origin:
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._read(node.value, node.slice, required=True)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BoolOp):
            return next((origin for value in node.values if (origin := self._origin(value))), None)
        if isinstance(node, ast.IfExp):
            return self._origin(node.body) or self._origin(node.orelse)
        return self._origin(node.value) if isinstance(node, ast.NamedExpr | ast.Await | ast.Starred) else None

    def _attribute(self, node: ast.Attribute) -> Origin:
        if self._scope.object(node.value) is not flask.request:
            return None
        if node.attr == "authorization":
            self._notes.parameters.append(Parameter("Authorization", "header"))
        where = _WHOLES.get(node.attr)
        if where in {"json", "body"}:
            self._notes.parameters.append(Parameter("", where))
        return Whole(where) if where else None

    def _read(self, holder: ast.expr, key: ast.expr | None, **more: Any) -> Origin:
        whole = self._origin(holder)
        names = self._keys(key) if key is not None and isinstance(whole, Whole) else ()
        if not isinstance(whole, Whole) or not names:
            return None
        part = Part(whole.where, names)
        self._notes.note(part, **more)
        return part

    def _keys(self, node: ast.expr) -> tuple[str, ...]:
        origin = self._origin(node)
        if isinstance(origin, Names):
            return origin.names
        key = self._scope.constant(node)
        return (key,) if isinstance(key, str) else ()

    # --- calls ---

    def _call(self, node: ast.Call) -> Origin:
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        origins = [self._origin(argument) for argument in arguments]
        if isinstance(node.func, ast.Attribute):
            found = self._method(node, node.func, origins)
            if found is not None:
                return found
        called = self._scope.object(node.func)
        if called is flask.abort:
            self._notes.statuses += (code for code in map(self._scope.constant, node.args[:1]) if isinstance(code, int))
            return None
        first = next((origin for origin in origins if origin), None)
        if isinstance(first, Part) and (found := self._converted(node, called, first)):
            return found
        self._declared(called, first)
        function = plain(called)
        if function is not None and not is_library(function):
            return _trace(function, None, self._given(function, node), self._notes, self._depth + 1)
        return first if getattr(called, "__name__", "") in {"cast", "dict", "deepcopy"} else None

    def _method(self, node: ast.Call, method: ast.Attribute, origins: list[Origin]) -> Origin:
        """`request.get_json()`, `request.args.get(...)`, `title.strip()`, `schema.load(...)`."""
        holder = self._scope.object(method.value)
        if holder is flask.request and method.attr in {"get_json", "get_data"}:
            where = "json" if method.attr == "get_json" else "body"
            self._notes.parameters.append(Parameter("", where))
            return Whole(where)
        if method.attr in _READERS and node.args:
            part = self._read(method.value, node.args[0], **self._options(node, method.attr))
            self._converter(node, part)
            return part
        if method.attr in {"load", "model_validate", "parse_obj", "validate"} and origins:
            self._declared(holder or self._scope.object(getattr(method.value, "func", method.value)), origins[0])
        origin = self._origin(method.value)
        return origin if isinstance(origin, Part) and method.attr not in {"split", "save", "read"} else None

    def _options(self, node: ast.Call, reader: str) -> dict[str, Any]:
        """`default` and `type` of a read."""
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        default = given.get("default", node.args[1] if len(node.args) > 1 else None)
        value = None if default is None or reader == "getlist" else self._scope.constant(default)
        kind = _TYPES.get(getattr(self._scope.object(given["type"]), "__name__", ""), "") if "type" in given else ""
        told = _TYPES.get(type(value).__name__, "") if value is not None else ""
        return {"type": kind or ("list" if reader == "getlist" else told), "default": value}

    def _converter(self, node: ast.Call, part: Origin) -> None:
        """A function of the app's own as `type=`."""
        given = next((keyword.value for keyword in node.keywords if keyword.arg == "type"), None)
        function = plain(self._scope.object(given)) if given is not None else None
        if function is not None and not is_library(function):
            names = function.__code__.co_varnames[:1]
            _trace(function, None, dict.fromkeys(names, part), self._notes, self._depth + 1)

    def _converted(self, node: ast.Call, called: Any, part: Part) -> Origin:
        if called is len:
            return Part(part.where, part.names, is_length=True)
        if called is isinstance and len(node.args) == 2:
            kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
            known = [
                _TYPES[name] for kind in kinds if (name := getattr(self._scope.object(kind), "__name__", "")) in _TYPES
            ]
            self._notes.refine(part, type=next(iter(known), ""))
            return None
        kind = _TYPES.get(called.__name__, "") if isinstance(called, type) else ""
        if kind:
            self._notes.refine(part, type=kind)
        return part if kind else None

    def _declared(self, called: Any, first: Origin) -> None:
        """A form, or a schema that is given what was read."""
        fields = declared_fields(called, first.where if isinstance(first, Whole) else "json")
        if fields and (isinstance(first, Whole) or fields[0].where == "form"):
            self._notes.parameters += fields

    def _given(self, function: FunctionType, node: ast.Call) -> dict[str, Origin]:
        """The origins of its parameters in this call."""
        tree = tree_of(function)
        names = [argument.arg for argument in tree.args.args] if tree else []
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        pairs: Iterator[tuple[str | None, ast.expr]] = iter(
            [*zip(names, node.args, strict=False), *((keyword.arg, keyword.value) for keyword in node.keywords)]
        )
        return {name: origin for name, value in pairs if name and (origin := self._origin(value))}
