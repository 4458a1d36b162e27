"""`gateway explain`: who answers a request, and why."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import click

from ..apps.project import load_project
from ..routing.canary import bucket_of, takes_new
from ..routing.decision import RouteExplanation
from ..routing.new_routes import LACKING, NEWLINE, OTHER
from ..routing.route import WEBSOCKET, Backend
from .views import console, explanation_view


@click.command(name="explain")
@click.argument("method")
@click.argument("request_path", metavar="PATH")
@click.option("--key", help="A sticky key (a cookie's or header's value, an address): on which side of a canary is it?")
@click.pass_obj
def explain_command(path: Path, method: str, request_path: str, key: str | None) -> None:
    """Say who answers METHOD PATH, and why."""
    table = load_project(path).table
    explanation = table.explain(method.upper(), unquote(request_path.partition("?")[0]))
    out = console()
    for part in explanation_view(explanation, _kept(explanation) or _answer(explanation, table.default, key)):
        out.print(part)


def _kept(explanation: RouteExplanation) -> str | None:
    """Say what keeps a request from the new side whatever its line says, and a websocket that none gives to it."""
    why = {
        OTHER: f"the new side would answer by its \"{explanation.match.other}\", which is another line's or no line's",
        LACKING: f"the new side has no route for {explanation.method} here",
        NEWLINE: "the path ends with a newline, which the new side would not see",
    }.get(explanation.match.reason)
    if explanation.method == WEBSOCKET and explanation.match.backend is not Backend.NEW:
        return f"refused, for {why or 'no line gives it to the new side'}, and WSGI has no websockets"
    return why and f"{Backend.LEGACY.value}, for {why}"


def _answer(explanation: RouteExplanation, default: Backend, key: str | None) -> str:
    route, backend = explanation.match.route, explanation.match.backend
    if route is None:
        side = backend or default
        if not explanation.candidates:
            return f"{side.value}, by default"
        answers_options = explanation.method == "OPTIONS" and side is Backend.LEGACY
        does = "answers OPTIONS by itself" if answers_options else f"has to refuse {explanation.method}"
        allow = ", ".join(sorted(explanation.match.allow))
        note = f", with the methods of both sides in Allow ({allow})" if allow else ""
        return f"{side.value}, which {does}{note}"
    if backend is not None:
        return backend.value
    if key is None:
        share = f"{route.percent:g} % of clients, by {route.sticky}"
        return f"new for {share}; the others legacy (--key VALUE tells for one)"
    return Backend.NEW.value if takes_new(bucket_of(route.rule, key), route.percent) else Backend.LEGACY.value
