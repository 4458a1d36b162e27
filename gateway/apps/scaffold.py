"""The first map of a Flask app: every rule listed as legacy, by blueprint, and an empty new side beside it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from ..routing.inventory import AppRoute, Hook
from ..routing.route import is_reserved

_HEAD = """\
# Who answers what. One line a route: "METHODS RULE" = "legacy", "canary" or "new".
# To move one, change its word here or run `gateway flip "GET /path" new`; a running gateway follows the file.

[gateway]
legacy  = {legacy}
new     = {new}
default = "legacy"  # what a request gets that no line names

[routes]
"""

_HOOKS = """
# Flask runs these around its views; a flipped route loses them. Once the new side does the same, say so:
# uncomment the line and write what replaces the hook. `gateway check` and `gateway flip` insist on it.
[hooks]
"""

_PARITY = """
# `gateway parity` compares both sides before a flip, each on a database of its own (docs/parity.md);
# `gateway parity --self` tries that before there is a new side, with the Flask app on both. Uncomment:
# [parity]
# database    = "sqlite:///instance/app.sqlite3"  # every case starts with a copy of it; without it, with an empty one
# environment = { DATABASE_URL = "{database}" }    # the variable, if any, that both apps read its URL from
"""


def first_map(legacy: str, new: str, routes: Iterable[AppRoute], hooks: Iterable[Hook]) -> str:
    """Return the text of a map that changes nothing: all that the Flask app answers, it still answers."""
    kinds = {hook.name: hook.kind for hook in hooks}
    lines = [f'# {_quoted(name)} = "..."  # {kind}\n' for name, kind in kinds.items()]
    reached, taken = [], dict[Hashable, frozenset[str] | None]()
    for route in routes:  # those that get requests, each with the methods that no earlier one of the same paths takes
        before = taken.get(route.shape, frozenset())
        if before is None or route.hidden_by is not None or is_reserved(route.rule):
            continue
        methods = None if route.methods is None else route.methods - before
        taken[route.shape] = None if methods is None else before | methods
        if methods != frozenset():
            reached.append(replace(route, methods=methods))
    groups = _groups(reached)
    head = _HEAD.format(legacy=_quoted(legacy), new=_quoted(new))
    return "".join([head, *groups, *([_HOOKS, *lines] if lines else ()), _PARITY])


def new_side(name: str) -> str:
    """Return the source of an empty FastAPI app of that name."""
    return f'''"""The new side: routes move here one by one; `gateway routes` shows how far they have come."""

from fastapi import FastAPI

{name} = FastAPI()
'''


def _groups(routes: list[AppRoute]) -> Iterator[str]:
    width = max((len(_quoted(route.key)) for route in routes), default=0)
    blank = ""
    for blueprint, group in groupby(sorted(routes, key=_blueprint), key=_blueprint):
        yield f"{blank}# {blueprint or 'the app itself'}\n"
        for route in sorted(group, key=lambda route: (route.rule, route.key)):
            yield f'{_quoted(route.key):<{width}} = "legacy"\n'
        blank = "\n"


def _blueprint(route: AppRoute) -> str:
    return route.name.rpartition(".")[0]


def _quoted(text: str) -> str:
    """Return a TOML key: a basic string, or a literal one where a rule has quotes of its own."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
