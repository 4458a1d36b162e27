"""Write the document of deliberate differences, for those who use the API: every ignore rule, with a sample. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from ..comparing.policy import IgnoreRule, is_expired, names_location
from ..comparing.result import Disposition, ParityResult

_MAX_VALUE_CHARS = 200


def differences_document(rules: Iterable[IgnoreRule], results: Iterable[ParityResult], today: date) -> str:
    """Return the document in Markdown. Samples of both sides are looked for in `results`."""
    ordered, samples = sorted(rules, key=lambda rule: rule.route or ""), list(results)
    lines = ["# Deliberate differences", ""]
    if ordered:
        lines += ["Where the new side's answers differ from the old one's on purpose, and why.", ""]
    else:
        lines += ["None is declared: every difference that a parity run finds is a fault to mend.", ""]
    for route, found in groupby(ordered, key=lambda rule: rule.route):
        lines += [f"## {_code(route) if route else 'Every route'}", ""]
        for rule in found:
            lines += [*_rule_lines(rule, samples, today), ""]
    return "\n".join(lines)


def _rule_lines(rule: IgnoreRule, results: Iterable[ParityResult], today: date) -> Iterator[str]:
    yield f"### {_code(rule.where)}{f' ({rule.cause})' if rule.cause else ''}"
    yield from ("", _text(rule.reason))
    notes = [f"Approved by {_text(rule.approved_by)}."] if rule.approved_by else []
    if rule.expires is not None:
        notes.append(f"{'Expired on' if is_expired(rule, today) else 'Until'} {rule.expires}.")
    if notes:
        yield from ("", " ".join(notes))
    verdicts = ((result, verdict, verdict.difference) for result in results for verdict in result.verdicts)
    for result, verdict, found in verdicts:
        is_by_rule = verdict.disposition is Disposition.IGNORED and verdict.reason == rule.reason
        if is_by_rule and names_location(rule, result.route, found.where):
            target = result.request.target.decode("ascii", "backslashreplace")
            yield from ("", f"{_code(f'{result.request.method} {target}')}, {_code(found.where)}:", "")
            yield from (f"- before: {_value(found.control)}", f"- now: {_value(found.candidate)}")
            return


def _value(value: str | None) -> str:
    if value is None:
        return "(absent)"
    short = value if len(value) <= _MAX_VALUE_CHARS else f"{value[:_MAX_VALUE_CHARS]}..."
    return _code(short) if short else "(empty)"


def _code(text: str) -> str:
    """Return a code span that holds any text on one line: its fence is longer than any backticks inside."""
    text = " ".join(text.splitlines()) or " "
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _text(text: str) -> str:
    """Return prose that Markdown leaves as it is."""
    return re.sub(r"[\\`*_\[\]<>#|]", r"\\\g<0>", " ".join(text.split()))
