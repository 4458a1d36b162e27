"""Which tests a run has; the sample apps' store, PostgreSQL and Chromium as fixtures whose tests have their marker."""

from __future__ import annotations

import gc
import os
import re
import shutil
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from selenium import webdriver

from tests.support.postgresql import Cluster, private_cluster, programs
from tests.support.processes import ProcessGuard
from tests.support.required import Requirements, absent, required
from tests.support.stores import PostgresqlStore, SqliteStore, Store

STORES = ("sqlite", "postgresql")
MARKERS = {"browser", "postgresql", "store"}
CHROMIUM_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # a page of ours asks nobody else
    "--window-size=1000,800",
)

LONG = re.compile(r"(?<!not )\blong\b")

# How fast a machine is at the moment says nothing of the code.
settings.register_profile("long", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", settings.get_profile("long"), max_examples=20)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the processes of `-n auto`: more than CPUs where many a test waits for a process of its own."""
    return (os.cpu_count() or 1) * (1 if "not process" in config.option.markexpr else 2)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", choices=STORES, default="sqlite", help="where the sample apps' databases are")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if is_long(config) else "default")
    config.pluginmanager.register(ProcessGuard())
    if markers := required():
        config.pluginmanager.register(Requirements(markers))


def is_long(config: pytest.Config) -> bool:
    """Tell whether `-m` asks for the long tests; a run that does not leaves them out."""
    return LONG.search(config.option.markexpr) is not None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from a million objects that stay to the end: modules, tests and their parameters."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        asked = MARKERS.intersection(getattr(item, "fixturenames", ()))
        if "store" in asked:
            asked |= MARKERS & {config.getoption("--store")}
        for marker in asked:
            item.add_marker(marker)
        if item.get_closest_marker("postgresql") or item.get_closest_marker("browser"):
            item.add_marker("process")
        if is_long(config) and is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("long")  # the long run has them with all their examples
    if not is_long(config):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return SqliteStore(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    found = programs()
    if found is None:
        # Who asks for the store by name wants no run without it.
        insist = "postgresql" in {*required(), pytestconfig.getoption("--store")}
        absent("postgresql", "PostgreSQL", insist=insist)
    with private_cluster(found) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgresql(cluster: Cluster) -> Store:
    return PostgresqlStore(cluster)


@pytest.fixture
def postgresql_url(postgresql: Store) -> Iterator[str]:
    """A seeded database of the test's own."""
    with postgresql.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> Store:
    """Where this run keeps the sample apps' databases: SQLite, or what `--store` names."""
    chosen: Store = request.getfixturevalue(request.config.getoption("--store"))
    return chosen


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def each_store(request: pytest.FixtureRequest) -> Store:
    """Both stores, one after the other, whatever `--store` says."""
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        absent("browser", "Chromium or its driver", insist="browser" in required())
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*CHROMIUM_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as chromium:
        yield chromium


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """Chromium as it is for a first visit."""
    yield chromium
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
