"""Which variables a side gets: a few that any program needs, and those that the map gives or names.

What else is set where a run starts may be a key of the cloud or the URL of the real database, and is kept from both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ...config.parity_table import ReplaySettings

_NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|TMPDIR|VIRTUAL_ENV|CONDA_PREFIX|COLUMNS|LINES"
    r"|LC_(?:ALL|COLLATE|CTYPE|MESSAGES|MONETARY|NUMERIC|TIME|ADDRESS|IDENTIFICATION|MEASUREMENT|NAME|PAPER|TELEPHONE)"
    r"|PYTHON(?:PATH|HOME|SAFEPATH|UTF8|IOENCODING|WARNINGS|NOUSERSITE|OPTIMIZE|MALLOC|DEVMODE|FAULTHANDLER|TZPATH)"
    r"|LD_LIBRARY_PATH|DYLD_(?:FALLBACK_)?LIBRARY_PATH|SSL_CERT_(?:FILE|DIR)|NIX_LD\w*"
)
_OF_LIBPQ = re.compile(r"PG(?:HOST|HOSTADDR|PORT|USER|PASSWORD|PASSFILE|SERVICE|SERVICEFILE|SSL\w+)")
"""By these the run itself reaches the server where the sides' own databases are."""


def inherited(settings: ReplaySettings) -> dict[str, str]:
    """Return the variables of this process that apps may see."""
    passed, is_libpq = frozenset(settings.pass_environment), (settings.database or "").startswith("postgresql")
    return {
        name: text
        for name, text in os.environ.items()
        if name in passed or _NEEDED.fullmatch(name) or (is_libpq and _OF_LIBPQ.fullmatch(name))
    }


def environment_of(settings: ReplaySettings, values: Mapping[str, str]) -> dict[str, str]:
    """Return an app's whole environment, the placeholders of the map's variables filled with `values`."""
    return inherited(settings) | {name: fill_placeholders(text, values) for name, text in settings.environment}


@contextmanager
def environment_for(settings: ReplaySettings, values: Mapping[str, str]) -> Iterator[None]:
    """Give this process an app's environment until the block ends."""
    before, own = dict(os.environ), environment_of(settings, values)
    try:
        os.environ.clear()
        os.environ.update(own)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def withheld_in(reason: str, settings: ReplaySettings) -> str:
    """Return what to do where an app fails for a variable that is set here and kept from it, else ""."""
    kept = os.environ.keys() - inherited(settings).keys() - dict(settings.environment).keys()
    found = sorted(name for name in re.findall(r"[A-Z][A-Z\d_]{2,}", reason) if name in kept)
    if not found:
        return ""
    return (
        f"\n{found[0]} is kept from the apps of a run; write in the map, under [parity]:\n"
        f'  environment = {{ {found[0]} = "..." }}    # or pass_environment = ["{found[0]}"]'
    )


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Return the text with `{database}`, `{directory}` and so on replaced by their values; other braces stay."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
