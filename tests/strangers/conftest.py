"""The recorded project of a stranger, which its long tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.strangers.harness import Stranger


@pytest.fixture(scope="class")
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a corpus of its own suite, and a map."""
    stranger: Stranger = request.cls.stranger
    directory = stranger.copy(tmp_path_factory.mktemp("recorded") / "project")
    stranger.record(directory)
    stranger.write_map(directory)
    return directory
