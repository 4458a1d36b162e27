"""The pytest plugin (entry point `gateway`): nothing happens unless an option of it is given."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Its options."""
    group = parser.getgroup("gateway", "migration gateway")
    group.addoption(
        "--gateway-record",
        metavar="DIR",
        type=Path,
        help="write every request of a Flask test client to this corpus, one case a test",
    )
    group.addoption(
        "--gateway-record-raw",
        action="store_true",
        help="keep passwords, tokens and the like as the tests have them: they are test data, and logins work",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Imports what an option needs, and only then."""
    directory: Path | None = config.getoption("--gateway-record")
    if directory is not None:
        from .pytest_recording import TestRecorder

        raw = bool(config.getoption("--gateway-record-raw"))
        config.pluginmanager.register(TestRecorder(config, directory, raw=raw), "gateway-record")
