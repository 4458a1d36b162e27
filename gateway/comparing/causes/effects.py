"""Causes of differences in what a request did besides answering. Effects show what the answer does not. Pure."""

from __future__ import annotations

import re
from collections import Counter

from .symptom import Cause, Symptom

_COUNTED = re.compile(r"(\d[\d,]*) (inserted|updated|deleted)")
_TIMES = re.compile(r"(?:(\d+) times )?(.*)", re.DOTALL)
_VERBS = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}


def _is_forgotten_commit(symptom: Symptom) -> bool:
    """The candidate sent each statement that the control's missing rows need."""
    ours, theirs = _counts(symptom)
    missing = [kind for kind in ours if not theirs[kind]]
    is_answered_alike = symptom.statuses[0] == symptom.statuses[1]
    return bool(missing) and is_answered_alike and all(_sent(symptom, kind)[1] for kind in missing)


def _is_repeated_write(symptom: Symptom) -> bool:
    ours, theirs = _counts(symptom)
    if not ours or ours.keys() != theirs.keys():
        return False
    factors = {theirs[kind] / ours[kind] for kind in ours}
    factor = factors.pop()
    is_multiple = not factors and factor >= 2 and factor == int(factor)
    return is_multiple and all(_sent(symptom, kind)[1] > _sent(symptom, kind)[0] > 0 for kind in ours)


def _is_query_per_row(symptom: Symptom) -> bool:
    """One shape of SELECT at least three times, where the control needs two at most."""
    if not symptom.where.startswith("effect.statements.SELECT "):
        return False
    ours, theirs = (_count(text) for text in (symptom.difference.control, symptom.difference.candidate))
    return ours <= 2 and theirs >= ours + 3


def _is_unclosed(symptom: Symptom) -> bool:
    return symptom.where == "effect.open_connections"


def _is_repeated_outbound(symptom: Symptom) -> bool:
    if symptom.where != "effect.outbound" or not symptom.difference.control or not symptom.difference.candidate:
        return False
    (ours, target), (theirs, same) = (
        _times(text) for text in (symptom.difference.control, symptom.difference.candidate)
    )
    return target == same and theirs > ours


def _is_not_run(symptom: Symptom) -> bool:
    """The candidate refused or failed where the control did not, and an effect of the control's is missing."""
    is_refused = symptom.was_fine and symptom.candidate.status >= 400
    return symptom.where.startswith("effect.") and is_refused and symptom.difference.candidate is None


def _counts(symptom: Symptom) -> tuple[Counter[str], Counter[str]]:
    """Rows by kind on each side; empty where the place is not a table."""
    if not symptom.where.startswith("effect.rows."):
        return Counter(), Counter()
    texts = symptom.difference.control or "", symptom.difference.candidate or ""
    ours, theirs = (Counter({kind: int(n.replace(",", "")) for n, kind in _COUNTED.findall(text)}) for text in texts)
    return ours, theirs


def _sent(symptom: Symptom, kind: str) -> tuple[int, int]:
    """How often each side sent the statement that does this to the table."""
    shape = f"{_VERBS[kind]} {symptom.where.removeprefix('effect.rows.')}"
    control, candidate = symptom.compared.control.effects, symptom.compared.candidate.effects
    return (control.statements.count(shape), candidate.statements.count(shape)) if control and candidate else (0, 0)


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _times(text: str) -> tuple[int, str]:
    found = _TIMES.fullmatch(text)
    return (int(found[1] or 1), found[2]) if found else (0, text)


NOT_RUN = "not-run"
"""Name of the cause of an effect that is missing because the candidate refused or failed."""
CAUSES = (
    Cause(
        "forgotten-commit",
        "Legacy's rows are there after the request; the new side sent the statement and they are not: nothing "
        "committed it.",
        "`session.commit()` in the view, or a dependency `with Session() as session, session.begin(): yield session`.",
        _is_forgotten_commit,
    ),
    Cause(
        "repeated-write",
        "The new side writes a multiple of legacy's rows to this table, and sends the statement as much more often.",
        "Look for an event or a repository that writes what the view writes already.",
        _is_repeated_write,
    ),
    Cause(
        "query-per-row",
        "Legacy reads this table in a statement or two; the new side sends one for every row (N+1).",
        "`select(...).options(selectinload(Parent.children))`.",
        _is_query_per_row,
    ),
    Cause(
        "unclosed-connection",
        "Flask's teardown gave the connection back; FastAPI runs no teardown of Flask's, and it stays taken.",
        "A dependency with `yield` that closes: `with Session() as session: yield session`.",
        _is_unclosed,
    ),
    Cause(
        "repeated-outbound",
        "The new side reaches outside more often than legacy for one request: a mail or a call is sent again.",
        "Look for a background task or a retry that repeats what the view does already.",
        _is_repeated_outbound,
    ),
    Cause(
        NOT_RUN,
        "The view ran in Flask and not, or not to its end, in FastAPI: what it does besides answering is missing "
        "with its answer.",
        "Explain the difference at `status` first; this one goes with it.",
        _is_not_run,
    ),
)
