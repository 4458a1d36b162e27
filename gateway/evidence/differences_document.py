"""The document of deliberate differences, for those who use the API: every ignore rule, with a sample. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from ..comparing.ignore_rules import is_expired, names_location
from ..comparing.policy import IgnoreRule
from ..comparing.result import Difference, Disposition, ParityResult

_LONGEST = 200
EVERY_ROUTE = "Every route"


def differences_document(rules: Iterable[IgnoreRule], results: Iterable[ParityResult], today: date) -> str:
    """Markdown. `results` are where samples of both sides are looked for."""
    by_route: dict[str, list[IgnoreRule]] = {}
    for rule in rules:
        by_route.setdefault(rule.route or "", []).append(rule)
    lines = ["# Deliberate differences", ""]
    if not by_route:
        lines += ["None is declared: every difference that a parity run finds is a fault to mend.", ""]
    else:
        lines += ["Where the new side's answers differ from the old one's on purpose, and why.", ""]
    samples = list(results)
    for route, found in sorted(by_route.items()):
        lines += [f"## {_code(route) if route else EVERY_ROUTE}", ""]
        for rule in found:
            lines += [*_rule_lines(rule, samples, today), ""]
    return "\n".join(lines)


def _rule_lines(rule: IgnoreRule, results: Iterable[ParityResult], today: date) -> Iterator[str]:
    yield f"### {_code(rule.where)}{f' ({rule.cause})' if rule.cause else ''}"
    yield ""
    yield _text(rule.reason)
    notes = [f"Approved by {_text(rule.approved_by)}."] if rule.approved_by else []
    if rule.expires is not None:
        notes.append(f"{'Expired on' if is_expired(rule, today) else 'Until'} {rule.expires}.")
    if notes:
        yield ""
        yield " ".join(notes)
    sample = next(_samples(rule, results), None)
    if sample is not None:
        yield ""
        yield from _sample_lines(*sample)


def _samples(rule: IgnoreRule, results: Iterable[ParityResult]) -> Iterator[tuple[ParityResult, Difference]]:
    for result in results:
        for verdict in result.verdicts:
            found = verdict.difference
            if (
                verdict.disposition is Disposition.IGNORED
                and verdict.reason == rule.reason
                and names_location(rule, result.route, found.where)
            ):
                yield result, found


def _sample_lines(result: ParityResult, found: Difference) -> Iterator[str]:
    target = result.request.target.decode("ascii", "backslashreplace")
    yield f"{_code(f'{result.request.method} {target}')}, {_code(found.where)}:"
    yield ""
    yield f"- before: {_value(found.control)}"
    yield f"- now: {_value(found.candidate)}"


def _value(value: str | None) -> str:
    if value is None:
        return "(absent)"
    short = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
    return _code(short) if short else "(empty)"


def _code(text: str) -> str:
    """A code span that holds any text on one line: its fence is longer than any backticks inside."""
    text = " ".join(text.splitlines()) or " "
    runs = [len(run) for run in "".join(c if c == "`" else " " for c in text).split()]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _text(text: str) -> str:
    """Prose that Markdown leaves as it is."""
    flat = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in flat)
