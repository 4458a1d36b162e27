"""A corpus is a directory of cases: TOML files and HAR files, read in the order of their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ...errors import CorpusError, Fault
from .case import Case
from .case_places import At, faults_at
from .case_reading import Entry, parse_cases
from .case_writing import case_text
from .importing.har import read_har

STATES = "states"
"""Directory below the corpus with the databases that cases start from."""
_FROM_FILE = re.compile(r"(written|[\w-]+ case) in [^/]+/[^/]+")


def load_corpus(directory: Path) -> tuple[Case, ...]:
    """Every case of the directory's `*.toml` and `*.har` files; a directory that is not there is an empty corpus.

    Raises CorpusError with every fault of all files; a name that two cases have is one.
    """
    cases: list[Case] = []
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    for path in sorted((*directory.glob("*.toml"), *directory.glob("*.har"))):
        text, entries, wrong = _read(path)
        odd = [fault for entry in entries for fault in _odd(entry, path, seen)]
        faults += (*wrong, *(faults_at(text, str(path), odd) if odd else ()))
        cases += (
            replace(entry.case, origin=entry.case.origin or _derived_origin(entry.case, path)) for entry in entries
        )
    if faults:
        raise CorpusError(tuple(faults))
    return tuple(cases)


def write_cases(
    directory: Path, file_name: str, cases: Iterable[Case], comments: Mapping[str, str] | None = None
) -> Path:
    """Write a file of the corpus anew, in one step; `comments` stand above the cases of these names.

    Raises CorpusError, and writes nothing, when a case could not be read back as it is.
    """
    path = directory / file_name
    shortened = (replace(case, origin="") if _is_derived(case) else case for case in cases)
    text = cases_text(shortened, str(path), comments or {})
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / f".{file_name}.{os.getpid()}.part"
    part.write_bytes(text.encode())
    part.replace(path)
    return path


def cases_text(cases: Iterable[Case], path: str, comments: Mapping[str, str]) -> str:
    """The text of a case file. Raises CorpusError when a case could not be read back as it is."""
    texts: list[str] = []
    faults: list[Fault] = []
    for number, case in enumerate(cases, 1):
        try:
            texts.append(case_text(case, comments.get(case.name, "")))
        except ValueError as error:
            faults.append(Fault(path, None, f"case[{number}]", f'"{case.name}" cannot be written: {error}'))
    if faults:
        raise CorpusError(tuple(faults))
    return "\n".join(texts)


def _derived_origin(case: Case, path: Path) -> str:
    """Return the origin of a case that does not say its own: the test that its name names, or its file."""
    if case.source == "tests":
        return f"recorded from {case.name}"
    kind = "written" if case.source == "written" else f"{case.source} case"
    return f"{kind} in {path.parent.name}/{path.name}"


def _is_derived(case: Case) -> bool:
    """Tell whether reading the case from any file would give its origin again, up to the file's name."""
    return case.origin == f"recorded from {case.name}" or _FROM_FILE.fullmatch(case.origin) is not None


def _read(path: Path) -> tuple[str, tuple[Entry, ...], tuple[Fault, ...]]:
    """The text of a file, its cases, its faults. A HAR file has no lines worth naming."""
    try:
        if path.suffix == ".har":
            return "", tuple(Entry(case, number) for number, case in enumerate(read_har(path), 1)), ()
        text = path.read_bytes().decode()
        return text, *parse_cases(text, str(path))
    except CorpusError as error:
        return "", (), error.faults
    except UnicodeDecodeError as error:
        return "", (), (Fault(str(path), None, "", f"not UTF-8 at byte {error.start}; save it as UTF-8"),)
    except OSError as error:
        return "", (), (Fault(str(path), None, "", f"cannot be read: {error.strerror}"),)


def _odd(entry: Entry, path: Path, seen: dict[str, str]) -> Iterator[tuple[At, str]]:
    """What is wrong with a case beside the others, and with the state that it names."""
    at: At = ("case", entry.number)
    name, state = entry.case.name, entry.case.state
    if name in seen:
        yield (*at, "name"), f'"{name}" is a case of "{seen[name]}" already; give one of the two another name'
    seen.setdefault(name, path.name)
    if state is None:
        return
    if ".." in PurePosixPath(state).parts or PurePosixPath(state).is_absolute():
        yield (*at, "state"), f'"{state}" is not below "{STATES}"; name a file in that directory'
    elif not (path.parent / STATES / state).is_file():
        yield (
            (*at, "state"),
            f'there is no file "{path.parent / STATES / state}"; record it again, or leave "state" out',
        )
