"""The pytest plugin (entry point `gateway`): nothing happens unless an option of it is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .items import Parity

MAP = "migration_map.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
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
    group.addoption(
        "--parity",
        action="store_true",
        help=f"replay the cases of a migration map on both apps, a test for each route and case; give the map as a "
        f"file of tests, or have {MAP} in the root directory",
    )
    group.addoption(
        "--parity-no-generate",
        action="store_true",
        help="only the cases of the corpus, none that are read off the code of both apps",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Import what an option needs, and only then."""
    config.addinivalue_line("markers", "parity: asks both apps of a migration map; runs with --parity")
    if config.getoption("--parity"):
        from .items import SESSION, LazySession, ParityTests

        started = config.invocation_params.dir
        given = [path for path in (started / one.partition("::")[0] for one in config.args) if path.suffix == ".toml"]
        path = (given[0] if given else config.rootpath / MAP).resolve()
        if not path.is_file():
            raise pytest.UsageError(f'--parity: no map "{path}"; name it: pytest --parity path/to/{MAP}')
        if not given:
            config.args.append(str(path))
        config.stash[SESSION] = LazySession(path, generated=not config.getoption("--parity-no-generate"))
        config.pluginmanager.register(ParityTests())
    directory: Path | None = config.getoption("--gateway-record")
    if directory is not None:
        from ...config.outputs import check_directory
        from ...errors import GatewayError
        from ..corpus.importing.pytest_recording import TestRecorder

        try:
            check_directory(f'--gateway-record "{directory}"', directory)
        except GatewayError as error:
            raise pytest.UsageError(str(error)) from None
        raw = bool(config.getoption("--gateway-record-raw"))
        config.pluginmanager.register(TestRecorder(config, directory, raw=raw), "gateway-record")


@pytest.fixture
def parity(request: pytest.FixtureRequest) -> Parity:
    """Give what asks both apps and fails where they differ (docs/parity.md); a test that has it runs with --parity."""
    if not request.config.getoption("--parity"):
        pytest.skip("a parity test; it runs with --parity")
    from .items import SESSION, Parity

    return Parity(request.config.stash[SESSION], request.node.nodeid)
