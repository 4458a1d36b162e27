"""Find what a team's code sets in the `config` of a Flask app. Pure.

A setting counts by its code, key by key, for a value is its environment's: a run has other ones than the service.
Secrets, URLs and directories do not count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from .names import bound_names, dotted, local_names
from .own_code import OwnModule, Snippet

SECRET = re.compile("secret|passw|token|key", re.IGNORECASE)
_LOCATION = re.compile("(url|uri|dsn|dir|directory|folder)s?$", re.IGNORECASE)
_SETTERS = ("from_file", "from_mapping", "from_object", "from_pyfile", "setdefault", "update")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def settings_in(source: OwnModule) -> Iterator[Snippet]:
    """Yield every value that a module sets in a `config`, with what the local names in it are made of."""
    for key, value, around in _settings(source.tree):
        constants = (inner.value for inner in ast.walk(value) if isinstance(inner, ast.Constant))
        is_location = _LOCATION.search(key) or any(isinstance(each, str) and "://" in each for each in constants)
        if not is_location and not SECRET.search(key):
            free = frozenset(name for function in around for name in local_names(function))
            yield Snippet(source, f"config {key}", tuple(_made_of(value, around)), free)


def _settings(
    node: ast.AST, around: tuple[_Function, ...] = ()
) -> Iterator[tuple[str, ast.AST, tuple[_Function, ...]]]:
    """Yield (key, value, functions around it); the key is empty where the code does not spell it."""
    yield from ((key, value, around) for key, value in _set_by(node))
    inside = (*around, node) if isinstance(node, _Function) else around
    for child in ast.iter_child_nodes(node):
        yield from _settings(child, inside)


def _set_by(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        inside = (inner for target in targets for inner in ast.walk(target))
        for target in (inner for inner in inside if isinstance(getattr(inner, "ctx", None), ast.Store)):
            if isinstance(target, ast.Subscript) and _is_config(target.value):
                yield _key(target.slice), node.value
                yield from [] if _key(target.slice) else [("", target.slice)]
            elif _is_config(target):
                yield from _items(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_config(node.func.value):
        yield from _passed(node, node.func.attr)


def _passed(call: ast.Call, setter: str) -> Iterator[tuple[str, ast.AST]]:
    if setter == "setdefault" and len(call.args) == 2:
        yield _key(call.args[0]), call.args[1]
    elif setter in _SETTERS:
        for argument in call.args:
            yield from _items(argument)
            for inner in ast.walk(argument) if setter == "from_object" else ():
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and "." in inner.value:
                    # Flask imports what a text names: `"shop.config.Production"`.
                    module, _, name = inner.value.rpartition(".")
                    yield "", ast.ImportFrom(module, [ast.alias(name or "*")], 0)
        yield from _keywords(call)


def _items(value: ast.expr) -> Iterator[tuple[str, ast.AST]]:
    """Yield the settings of a mapping, one by one where the code spells them."""
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            yield from _items(item) if key is None else [(_key(key), item)]
    elif isinstance(value, ast.Call) and dotted(value.func) == ("dict",) and not value.args:
        yield from _keywords(value)
    else:
        yield "", value


def _keywords(call: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for keyword in call.keywords:
        yield from _items(keyword.value) if keyword.arg is None else [(keyword.arg, keyword.value)]


def _made_of(value: ast.AST, around: Iterable[_Function]) -> Iterator[ast.AST]:
    """Yield a value and, however far, what the local names in it are made of."""
    binders = [binder for function in around for binder in _binders(function)]
    waiting, seen = [value], set[str]()
    while waiting:
        node = waiting.pop()
        yield node
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} - seen
        seen |= names
        waiting += [made for name, made in binders if name in names]


def _binders(function: _Function) -> Iterator[tuple[str, ast.AST]]:
    """Yield the local names of a function, each with what it is made of; parameters, with their defaults."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    yield from ((arg.arg, made) for arg, made in zip(plain[::-1], arguments.defaults[::-1], strict=False))
    by_name = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    yield from ((arg.arg, made) for arg, made in by_name if made is not None)
    for node in ast.walk(function):
        if isinstance(node, ast.NamedExpr):
            yield node.target.id, node.value
        elif isinstance(node, ast.stmt) and node is not function:
            makers: list[ast.AST] = [node.iter if isinstance(node, ast.For) else node]
            if isinstance(node, ast.With):
                makers = [item.context_expr for item in node.items]
            yield from ((name, made) for name in bound_names(node) for made in makers)


def _is_config(node: ast.AST) -> bool:
    """Tell whether a node is `app.config` or its like; `self.config` is another object's own."""
    path = dotted(node)
    return len(path) > 1 and path[-1] == "config" and path[:-1] != ("self",)


def _key(node: ast.AST) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""
