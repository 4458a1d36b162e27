"""`module:attribute` -> an app, called if it is a factory. A failure blames the module that caused it."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from werkzeug.routing import Map

from ..errors import ImportAppError, suggest


def import_app(import_string: str, key: str, arguments: Mapping[str, str] | None = None) -> Any:
    """Return the app that `import_string` names; `key` is the setting it came from, for the message.

    A callable that needs no argument is a factory and is called; with `arguments`, one that takes exactly them is, by
    keyword. Anything else is the app itself. Modules are looked for in the current directory first, as under
    `python -m`. Raises ImportAppError, which blames the string when that is wrong, and the line of the app's own code
    when that fails.
    """
    module_name, attribute = split_import_string(import_string, key)
    try:
        found = _attribute(_module(module_name, key), attribute, key)
        given = dict(arguments or {})
        app = found(**given) if _takes(found, given) else found() if _takes(found, {}) else found
    except ImportAppError:
        raise
    except Exception as error:
        raise ImportAppError(f'{key}: "{import_string}" failed: {_cause(error)}') from error
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


def _takes(found: Any, given: Mapping[str, str]) -> bool:
    try:
        inspect.signature(found).bind(**given)
    except (TypeError, ValueError):
        return False
    return True


def _cause(error: Exception) -> str:
    """Return `RuntimeError: no DATABASE_URL (/srv/shop/config.py:12)`: a failure and the project's innermost line."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    paths = ((frame, Path(frame.filename)) for frame in reversed(frames) if frame.filename != __file__)
    own = (frame for frame, path in paths if path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts)
    frame = next(own, frames[-1])
    return f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
