"""Causes of differences in what a request did besides answering. Effects show what the answer does not. Pure."""

from __future__ import annotations

import re
from collections import Counter

from .symptom import Symptom, cause

_COUNTED = re.compile(r"(\d[\d,]*) (inserted|updated|deleted)")
_TIMES = re.compile(r"(?:(\d+) times )?(.*)", re.DOTALL)
_VERBS = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}


@cause(
    "Legacy's rows are there after the request; the new side sent the statement and they are not: nothing committed "
    "it.",
    "`session.commit()` in the view, or a dependency `with Session() as session, session.begin(): yield session`.",
)
def forgotten_commit(symptom: Symptom) -> bool:
    """Tell whether the candidate sent each statement that the control's missing rows need."""
    control, candidate = _counts(symptom)
    missing = [kind for kind in control if not candidate[kind]]
    return bool(missing) and symptom.has_one_status and all(_sent(symptom, kind)[1] for kind in missing)


@cause(
    "The new side writes a multiple of legacy's rows to this table, and sends the statement as much more often.",
    "Look for an event or a repository that writes what the view writes already.",
)
def repeated_write(symptom: Symptom) -> bool:
    """Tell whether rows of every kind are the same whole multiple of the control's, by more statements."""
    control, candidate = _counts(symptom)
    if not control or control.keys() != candidate.keys():
        return False
    factor, *others = {candidate[kind] / control[kind] for kind in control}
    is_multiple = not others and factor >= 2 and factor == int(factor)
    return is_multiple and all(_sent(symptom, kind)[1] > _sent(symptom, kind)[0] > 0 for kind in control)


@cause(
    "Legacy reads this table in a statement or two; the new side sends one for every row (N+1).",
    "`select(...).options(selectinload(Parent.children))`.",
)
def query_per_row(symptom: Symptom) -> bool:
    """Tell whether a SELECT comes three times more at least, where the control needs two at most."""
    if not symptom.where.startswith("effect.statements.SELECT "):
        return False
    control, candidate = (int(text) if text and text.isdecimal() else 0 for text in symptom.texts)
    return control <= 2 and candidate >= control + 3


@cause(
    "Flask's teardown gave the connection back; FastAPI runs no teardown of Flask's, and it stays taken.",
    "A dependency with `yield` that closes: `with Session() as session: yield session`.",
)
def unclosed_connection(symptom: Symptom) -> bool:
    return symptom.where == "effect.open_connections"


@cause(
    "The new side reaches outside more often than legacy for one request: a mail or a call is sent again.",
    "Look for a background task or a retry that repeats what the view does already.",
)
def repeated_outbound(symptom: Symptom) -> bool:
    """Tell whether both sides reach the same target, and the candidate more often."""
    attempts = [_TIMES.fullmatch(text) for text in symptom.texts if text]
    counts = [int(attempt[1] or 1) for attempt in attempts if attempt]
    targets = {attempt[2] for attempt in attempts if attempt}
    is_of_both = symptom.where == "effect.outbound" and len(counts) == 2 and len(targets) == 1
    return is_of_both and counts[0] < counts[1]


@cause(
    "The view ran in Flask and not, or not to its end, in FastAPI: what it does besides answering is missing with its "
    "answer.",
    "Explain the difference at `status` first; this one goes with it.",
)
def not_run(symptom: Symptom) -> bool:
    """Tell whether an effect of the control's is missing where the candidate alone refused or failed."""
    is_refused = symptom.is_control_fine and symptom.candidate.status >= 400
    return symptom.where.startswith("effect.") and is_refused and symptom.is_missing


def _counts(symptom: Symptom) -> tuple[Counter[str], Counter[str]]:
    """Return how many rows of each kind both sides changed; none where the location is not a table."""
    texts = symptom.texts if symptom.where.startswith("effect.rows.") else ("", "")
    found = (_COUNTED.findall(text or "") for text in texts)
    control, candidate = (Counter({kind: int(number.replace(",", "")) for number, kind in side}) for side in found)
    return control, candidate


def _sent(symptom: Symptom, kind: str) -> tuple[int, int]:
    """Return how often each side sent the statement that does this to the table; 0 where nobody watched."""
    shape = f"{_VERBS[kind]} {symptom.where.removeprefix('effect.rows.')}"
    control, candidate = symptom.compared.control.effects, symptom.compared.candidate.effects
    return (control.statements.count(shape), candidate.statements.count(shape)) if control and candidate else (0, 0)
