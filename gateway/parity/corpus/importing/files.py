"""Files of other tools, read whole; what is wrong with one is a fault of the corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ....errors import CorpusError, Fault


def fault_of(path: Path, message: str, key: str = "") -> CorpusError:
    """Return the error that says one fault of a file."""
    return CorpusError((Fault(str(path), None, key, message),))


def read_json(path: Path) -> Any:
    """Return what a JSON file says. Raises CorpusError."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise fault_of(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise fault_of(path, f"not JSON: {error}") from None
