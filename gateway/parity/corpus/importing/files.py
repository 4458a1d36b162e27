"""Files of other tools, read whole; what is wrong with one is a fault of the corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ....errors import CorpusError, Fault
from .imported import MAX_REASONS, Imported, Remarks, printable


def fault_of(path: Path, message: str, key: str = "") -> CorpusError:
    """Return the error that says one fault of a file."""
    return CorpusError((Fault(printable(str(path)), None, key, printable(message)),))


def read_json(path: Path) -> Any:
    """Return what a JSON file says, in UTF-8, -16 or -32; bytes that are neither become half characters.

    Raises CorpusError.
    """
    try:
        raw = path.read_bytes()
        return json.loads(raw.decode(json.detect_encoding(raw), "surrogateescape"))
    except OSError as error:
        raise fault_of(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise fault_of(path, f"not JSON: {error}") from None


def required(path: Path, imported: Imported) -> Imported:
    """Return what was imported. Raises CorpusError, with the first place of each reason, where all was passed over."""
    passed_over: Remarks = imported.passed_over
    if passed_over.counts and not imported.cases:
        reasons = list(passed_over.counts)[:MAX_REASONS]
        raise CorpusError(tuple(Fault(printable(str(path)), None, passed_over.first[one], one) for one in reasons))
    return imported
