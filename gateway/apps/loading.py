"""`module:attribute` -> an app, called if it is a factory. A failure blames the module that caused it."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from werkzeug.routing import Map

from ..errors import ImportAppError, suggest


def import_app(import_string: str, key: str, arguments: Mapping[str, str] | None = None) -> Any:
    """Return the app that `import_string` names; `key` is the setting it came from, for the message.

    `module:create_app("dev", debug=False)` calls a factory with these literals, as under gunicorn and Flask. Without
    parentheses a callable that needs no argument is a factory and is called; any other is the app itself. A factory
    that takes exactly `arguments` beside its literals is called with them, by keyword. Modules are looked for in the
    current directory first, as under `python -m`. Raises ImportAppError, which blames the string when that is wrong,
    and the line of the app's own code when that fails.
    """
    module_name, attribute = split_import_string(import_string, key)
    name, literals, named = _parse_call(attribute, import_string, key)
    given = named | dict(arguments or {})
    try:
        app = found = _attribute(_module(module_name, key), name, key)
        if _takes(found, literals or (), given):
            app = found(*(literals or ()), **given)
        elif literals is not None or _takes(found, (), {}):
            app = found(*(literals or ()), **named)
    except ImportAppError:
        raise
    except Exception as error:
        raise ImportAppError(f'{key}: "{import_string}" failed: {_cause(error)}') from error
    if isinstance(app, FunctionType | MethodType) and not any(_takes(app, (None,) * count, {}) for count in (2, 3)):
        wanted = f"{name}{inspect.signature(app)} needs arguments; write them as for gunicorn"
        raise ImportAppError(f'{key}: "{import_string}" is no app, and {wanted}: "{module_name}:{name}(...)"')
    if not callable(app):
        kind = "None" if app is None else f"a {type(app).__name__}"
        raise ImportAppError(f'{key}: "{import_string}" gives {kind}, which is neither an app nor a factory of one')
    return app


def split_import_string(import_string: str, key: str) -> tuple[str, str]:
    """Return the module and the attribute. Raises ImportAppError when the string is not of that form."""
    module_name, _, attribute = import_string.partition(":")
    if not module_name or not attribute or module_name.startswith("."):
        raise ImportAppError(f'{key}: "{import_string}" is not "module:attribute", like "shop:create_app"')
    return module_name, attribute


def is_asgi(app: Any) -> bool:
    """Tell whether an app is an ASGI app, as uvicorn does: its call is a coroutine function."""
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)


def flask_app_of(app: Any) -> Any:
    """Return the Flask app itself, also through WSGI middleware, or None for another WSGI app."""
    return next((layer for layer in layers_of(app) if isinstance(getattr(layer, "url_map", None), Map)), None)


def layers_of(app: Any) -> Iterator[Any]:
    """Yield the app and the apps inside it, outermost first.

    Middleware keeps its inner app, or a method of it, as an attribute: `app`, `wsgi_app` or `__self__`.
    """
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        seen.add(id(app))
        yield app
        inner = (getattr(app, name, None) for name in ("app", "wsgi_app", "__self__"))
        app = next((found for found in inner if found is not None), None)


def qualified_name(thing: Any) -> str:
    """Return `module:qualname` of a function or class; of a partial or an instance, that of what it wraps or is."""
    thing = getattr(thing, "func", thing)
    if not hasattr(thing, "__qualname__"):
        thing = type(thing)
    return f"{thing.__module__}:{thing.__qualname__}"


def _parse_call(attribute: str, import_string: str, key: str) -> tuple[str, tuple[Any, ...] | None, dict[str, Any]]:
    """Return a name with the literals that it is called with, by position (None where it is not called) and keyword."""
    if "(" not in attribute:
        return attribute, None, {}
    try:
        call = ast.parse(attribute.strip(), mode="eval").body
        if not isinstance(call, ast.Call):
            raise ValueError
        named = {one.arg or "**": ast.literal_eval(one.value) for one in call.keywords}
        positional = tuple(map(ast.literal_eval, call.args))
    except (SyntaxError, ValueError, TypeError):
        what = "is no call of a factory with texts, numbers and the like, as in \"shop:create_app('dev', debug=False)\""
        raise ImportAppError(f'{key}: "{import_string}" {what}') from None
    return ast.unparse(call.func), positional, named


def _module(name: str, key: str) -> Any:
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that is there but misses one of its own imports must not be called missing itself.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ImportAppError(f'{key}: no module "{error.name}"; run from the directory that holds it') from None


def _attribute(module: Any, path: str, key: str) -> Any:
    found = module
    for name in path.split("."):
        if not hasattr(found, name):
            close = suggest(name, [known for known in dir(found) if not known.startswith("_")])
            raise ImportAppError(f'{key}: module "{module.__name__}" has no attribute "{path}"{close}')
        found = getattr(found, name)
    return found


def _takes(found: Any, positional: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(found).bind(*positional, **named)
    except (TypeError, ValueError):
        return False
    return True


def _cause(error: Exception) -> str:
    """Return `RuntimeError: no DATABASE_URL (/srv/shop/config.py:12)`: a failure and the project's innermost line."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    paths = ((frame, Path(frame.filename)) for frame in reversed(frames))
    own = (frame for frame, path in paths if path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts)
    frame = next(own, frames[-1] if frames else None)
    return f"{type(error).__name__}: {error}{f' ({frame.filename}:{frame.lineno})' if frame else ''}"
