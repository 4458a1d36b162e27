"""A fingerprint of code: of a function or class and of all of the team's own code that it names, however far.

Comments, layout and docstrings do not count; other distributions count by name and version.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import tempfile
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi.params import Depends
from flask import Blueprint, Flask
from starlette.applications import Starlette
from starlette.routing import Router

from .names import Reference
from .own_code import (
    Definition,
    DefinitionSearch,
    Listener,
    OwnCode,
    OwnModule,
    Snippet,
    is_own,
    library_of,
    text_of,
    values_in,
)
from .settings import SECRET

_NUMBERS = (bool, int, float, complex, Decimal, date, time, timedelta)
_PLAIN = (*_NUMBERS, str, bytes, type(None), type(...), UUID, re.Pattern)
_CONSTANTS = (*_PLAIN, list, tuple, dict, set, frozenset)
_MOMENT = 1e9
"""A float beyond is the time of day at which something was made; like a UUID it is another one in each process."""
_REGISTRIES = (Flask, Blueprint, Starlette, Router)
"""Objects that hold every route there is: what concerns one route is asked for by name (route_fingerprint.py)."""
_LOCATION = re.compile(rf".*://|{re.escape(tempfile.gettempdir())}/|{re.escape(str(Path.home()))}/", re.DOTALL)
"""URLs and paths by how they look, as secrets by their names: each environment has its own, so they do not count."""


def fingerprint(*things: Any, code: OwnCode | None = None, within: Iterable[str] = ()) -> str:
    """Return 16 hexadecimal digits for callables; `code` keeps what is read, `within` names modules with listeners."""
    walk = Walk(code or OwnCode(), within)
    roots = [walk.describe(thing) for thing in things]
    walk.finish()
    return digest([*roots, *sorted(walk.parts)])


def digest(texts: Iterable[str]) -> str:
    """Return 16 hexadecimal digits for texts in their order."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Walk:
    """A walk through code from name to name, and through values to the code in them. A cycle ends where it began."""

    def __init__(self, code: OwnCode, within: Iterable[str] = ()) -> None:
        self.parts: set[str] = set()
        """Everything that was reached, each with where it stands."""
        self._code = code
        self._within = frozenset(within)
        self._reached: set[tuple[str, str]] = set()  # names by their modules
        self._seen: dict[int, object] = {}  # by id: what is alive keeps its own
        self._open: list[int] = []
        self._waiting: list[tuple[OwnModule, Reference, frozenset[str]]] = []
        self._describers: Mapping[Any, Callable[[Any], str]] = {
            list | tuple: lambda each: f"[{', '.join(map(self.describe, each))}]",
            set | frozenset: lambda each: f"{{{', '.join(sorted(map(self.describe, each)))}}}",
            Mapping: lambda each: self._attributes((self.describe(key), item) for key, item in each.items()),
            types.FunctionType: self._function,
            partial: lambda each: f"partial {self.describe((each.func, each.args, each.keywords))}",
            Snippet: lambda each: self._part(each.source, each.label, each.nodes, each.free),
            types.MethodType: lambda each: f"{self.describe(each.__func__)} of {self.describe(each.__self__)}",
            types.ModuleType: lambda each: self._module(each.__name__),
            type: self._class,
        }

    def finish(self) -> None:
        """Follow every name that is still to be followed, and take up the listeners of what is reached."""
        while self._waiting or self._take_up_listeners():
            source, reference, free = self._waiting.pop()
            if reference.module is not None:
                self._follow(DefinitionSearch(self._code).imported(reference.module, reference.path))
            elif reference.path[0] not in free:
                self._follow(DefinitionSearch(self._code).named(source, reference.path))

    def _module(self, name: str) -> str:
        source = self._code.of(name)
        if source is None:
            self.parts.add(library_of(name))
        elif self._is_new(source):
            self._reached |= {(name, bound) for bound in source.bindings}
            self._part(source, "", [source.tree])
        return name

    def _part(self, source: OwnModule, label: str, nodes: Iterable[ast.AST], free: Iterable[str] = ()) -> str:
        for node in nodes:
            if self._is_new(node):
                part = source.part(node)
                self.parts.add(f"{source.name}:{label} {part.text}")
                self._waiting += ((source, reference, frozenset(free)) for reference in part.references)
        return f"{source.name}:{label}"

    def _follow(self, definitions: Iterable[Definition]) -> None:
        for each in definitions:
            if each.source is None:
                self.parts.add(library_of(each.module))
            elif each.name:
                self._named(each.source, each.name)
            else:
                self._module(each.module)

    def _named(self, source: OwnModule, name: str) -> None:
        """Take up a global of a module of the team's own: what makes it there, not what imports it."""
        values = values_in(source.name)
        value = values.get(name)
        self._reached.add((source.name, name))
        if name in values and name not in source.bindings:
            self.describe(value)  # it came by `import *`, or from outside
        for statement in source.made(name):
            if isinstance(value, Flask | Starlette):
                self.parts.add(f"{source.name}:{name} {source.part(statement).text}")  # its routes are others' code
            else:
                self._part(source, name, [statement])
        if isinstance(value, list | dict | set) or is_own(type(value).__module__):
            self._part(source, name, source.calls.get(name, ()))

    def _take_up_listeners(self) -> bool:
        """Take up the listeners of what is reached; tell whether there are names in them to follow."""
        for source in self._code.loaded_with({*self._within, *(module for module, _ in self._reached)}):
            for listener in source.listeners:
                if id(listener.statement) in self._seen or not _is_listener(listener, values_in(source.name)):
                    continue
                found = (DefinitionSearch(self._code).named(source, target) for target in listener.targets)
                if any(self._is_reached(each, listener) for each in chain.from_iterable(found)):
                    self._part(source, "", [listener.statement])
        return bool(self._waiting)

    def _is_reached(self, definition: Definition, listener: Listener) -> bool:
        if definition.source is None:  # every session, every engine
            return listener.is_event and library_of(definition.module) in self.parts
        module, name = definition.module, definition.name
        if (module, name) not in self._reached or not definition.source.made(name):
            return False
        return not isinstance(values_in(module).get(name), _CONSTANTS)

    def describe(self, value: Any) -> str:
        """Return a value as text, without addresses; the code in it is followed."""
        if isinstance(value, Enum):
            return f"{self._class(type(value))}.{value.name}"
        if isinstance(value, str) and (_LOCATION.match(value) or value.startswith(f"{Path.cwd()}/")):
            return "(a place)"
        if isinstance(value, datetime | UUID) or (isinstance(value, float) and value > _MOMENT):
            return "(made anew)"
        if isinstance(value, _PLAIN):
            return repr(value)
        if id(value) in self._open:
            return "..."
        self._open.append(id(value))
        try:
            return self._described(value)
        finally:
            self._open.pop()

    def _described(self, value: Any) -> str:
        if typing.get_origin(value) is not None:
            return f"{self.describe(typing.get_origin(value))}{self.describe(typing.get_args(value))}"
        kinds = (describe for kind, describe in self._describers.items() if isinstance(value, kind))
        return next(kinds, self._instance)(value)

    def _function(self, function: types.FunctionType) -> str:
        label = f"{function.__module__}:{function.__qualname__}"
        if not self._is_new(function):
            return label
        code, module = function.__code__, function.__globals__.get("__name__", "")
        source = self._code.of(module)
        nodes = source.nodes_of(code) if source is not None else []
        if source is not None and nodes:
            self._part(source, code.co_qualname, nodes, code.co_freevars)
        elif module in sys.modules and not is_own(module):
            self.parts.add(library_of(module))
        else:
            self.parts.add(f"{label} {text_of(code)}")
        cells = zip(code.co_freevars, function.__closure__ or (), strict=False)
        inside = {name: "(empty)" if cell == types.CellType() else cell.cell_contents for name, cell in cells}
        if "<locals>" in code.co_qualname or not nodes:
            inside |= {"__defaults__": function.__defaults__, "__kwdefaults__": function.__kwdefaults__}
        inside |= {name: vars(function)[name] for name in ("__wrapped__", "view_class") if name in vars(function)}
        self.parts.add(f"{label} {self._attributes(inside.items())}")
        return label

    def _class(self, value: type) -> str:
        label = f"{value.__module__}:{value.__qualname__}"
        source = self._code.of(value.__module__)
        if source is None:
            self.parts.add(library_of(value.__module__))
        elif self._is_new(value):
            self._reached.add((value.__module__, value.__qualname__.partition(".")[0]))
            self._part(source, value.__qualname__, source.class_of(value.__qualname__))
            for base in value.__bases__:
                self.describe(base)
        return label

    def _instance(self, value: Any) -> str:
        kind = self._class(type(value))
        if (wrapped := getattr(value, "__wrapped__", None)) is not None:  # as functools.cache leaves it
            return f"{kind} {self.describe(wrapped)}"
        if isinstance(value, _REGISTRIES):
            return kind
        if is_own(type(value).__module__) or isinstance(value, Depends):  # which is no dataclass in an older FastAPI
            state: Any = object.__getstate__(value)  # `__dict__`, or that and the slots
            both = [each or {} for each in (state if isinstance(state, tuple) else [state])]
            return f"{kind} {self._attributes(sorted(chain.from_iterable(each.items() for each in both)))}"
        if is_dataclass(value):
            return f"{kind} {self._attributes((each.name, getattr(value, each.name, None)) for each in fields(value))}"
        if isinstance(value, types.BuiltinFunctionType | types.MethodDescriptorType | types.WrapperDescriptorType):
            self.parts.add(library_of(getattr(value, "__module__", None) or "builtins"))
            return f"{kind} {value.__qualname__}"
        return kind

    def _attributes(self, pairs: Iterable[tuple[str, Any]]) -> str:
        """Return pairs as text; of a secret, which is the environment's, only the type."""
        secrets = ((isinstance(value, str | bytes) and SECRET.search(name), name, value) for name, value in pairs)
        texts = (f"{name}: {self.describe(type(value) if secret else value)}" for secret, name, value in secrets)
        return f"{{{', '.join(texts)}}}"

    def _is_new(self, thing: object) -> bool:
        is_new = id(thing) not in self._seen
        self._seen[id(thing)] = thing
        return is_new


def _is_listener(listener: Listener, names: Mapping[str, Any]) -> bool:
    """Tell whether a statement of a loaded module, whose names these are, only registers its function.

    A view has a route, and a decorator that puts another function in place of its own is given what that one needs.
    """
    if not names or any(isinstance(names.get(path[0]), _REGISTRIES) for path in listener.by):
        return False
    value = names.get(getattr(listener.statement, "name", ""))
    is_itself = value is None or (isinstance(value, types.FunctionType) and not hasattr(value, "__wrapped__"))
    return listener.is_event or is_itself
