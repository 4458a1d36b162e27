"""A corpus is a directory of cases: TOML files and HAR files, read in the order of their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ...config.table_reader import TableReader
from ...errors import CorpusError, Fault
from ...http.private_files import DIRECTORY_MODE, opener
from .case import Case
from .case_reading import parse_cases
from .case_writing import case_text
from .importing.har import read_har

STATES = "states"
"""Directory below the corpus with the databases that cases start from."""
_FROM_FILE = re.compile(r"(written|[\w-]+ case) in [^/]+/[^/]+")
"""Origin that a file gives to each of its cases by itself."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Hold the cases of a directory."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]
    """What a reader should know of its HAR files: what is in none of the cases, a line each."""


def load_corpus(directory: Path) -> tuple[Case, ...]:
    """Return the cases of `read_corpus`. Raises CorpusError."""
    return read_corpus(directory).cases


def read_corpus(directory: Path) -> Corpus:
    """Return every case of the directory's `*.toml` and `*.har` files; one that is not there is an empty corpus.

    Raises CorpusError with every fault of all files; a name that two cases have is one.
    """
    cases: list[Case] = []
    notes: list[str] = []
    faults: list[Fault] = []
    files: dict[str, str] = {}
    for path in sorted((*directory.glob("*.toml"), *directory.glob("*.har"))):
        reader, numbered = _read(path, notes)
        for number, case in numbered:
            if case.name in files:
                message = f'"{case.name}" is a case of "{files[case.name]}" already; give one of the two another name'
                reader.fault(("case", number, "name"), message)
            files.setdefault(case.name, path.name)
            if case.state is not None:
                at, state, file = ("case", number, "state"), PurePosixPath(case.state), directory / STATES / case.state
                if ".." in state.parts or state.is_absolute():
                    reader.fault(at, f'"{case.state}" is not below "{STATES}"; name a file in that directory')
                elif not file.is_file():
                    reader.fault(at, f'there is no file "{file}"; record it again, or leave "state" out')
            # One that does not say its own: the test that its name names, or its file.
            kind = "written" if case.source == "written" else f"{case.source} case"
            is_test = case.source == "tests"
            derived = f"recorded from {case.name}" if is_test else f"{kind} in {path.parent.name}/{path.name}"
            cases.append(replace(case, origin=case.origin or derived))
        faults += reader.faults
    if faults:
        raise CorpusError(tuple(faults))
    return Corpus(tuple(cases), tuple(notes))


def write_cases(directory: Path, file_name: str, cases: Iterable[Case]) -> Path:
    """Write a file of the corpus anew, in one step.

    Raises CorpusError, and writes nothing, when a case could not be read back as it is.
    """
    path = directory / file_name
    texts: list[str] = []
    faults: list[Fault] = []
    for number, case in enumerate(cases, 1):
        is_derived = case.origin == f"recorded from {case.name}" or _FROM_FILE.fullmatch(case.origin)
        try:
            texts.append(case_text(replace(case, origin="") if is_derived else case))
        except ValueError as error:
            faults.append(Fault(str(path), None, f"case[{number}]", f'"{case.name}" cannot be written: {error}'))
    if faults:
        raise CorpusError(tuple(faults))
    directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    part = directory / f".{file_name}.{os.getpid()}.part"
    with open(part, "wb", opener=opener) as file:
        file.write("\n".join(texts).encode())
    part.replace(path)
    return path


def _read(path: Path, notes: list[str]) -> tuple[TableReader, tuple[tuple[int, Case], ...]]:
    """Return the cases of a file, and the reader that has its faults; a HAR file has notes, and no lines to name."""
    reader = TableReader(str(path))
    try:
        if path.suffix == ".har":
            imported = read_har(path)
            notes += (f"{path.name}: {note}" for note in imported.notes)
            return reader, tuple(enumerate(imported.cases, 1))
        reader = TableReader(str(path), path.read_bytes().decode().removeprefix("\ufeff"))
        return reader, tuple(parse_cases(reader))
    except CorpusError as error:
        reader.faults += error.faults
    except UnicodeDecodeError as error:
        reader.fault((), f"not UTF-8 at byte {error.start}; save it as UTF-8")
    except OSError as error:
        reader.fault((), f"cannot be read: {error.strerror}")
    return reader, ()
