"""PostgreSQL: each side on a database of its own, made from a template and dropped at the end."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from gateway.comparing.observation import RowChange
from gateway.config.parity_table import ReplaySettings
from gateway.errors import ReplayError
from gateway.parity.compared_case import ComparedCase
from gateway.parity.replaying.postgresql_databases import PostgresqlIsolation, PostgresqlState
from gateway.parity.replaying.replay import Replay
from tests.parity.replaying.library import fill
from tests.parity.replaying.running import ENVIRONMENT, LEGACY, ask, case, never, replaying, step
from tests.support.postgresql import Cluster

pytestmark = pytest.mark.process

ASYNC = "tests.parity.replaying.async_app:app"


@pytest.fixture(scope="module")
def url(cluster: Cluster) -> str:
    cluster.create_database("library")
    fill(cluster.url("library"))
    cluster.create_database("other")
    return cluster.url("library")


@pytest.fixture(scope="module")
def replay(url: str) -> Iterator[Replay]:
    with replaying(ReplaySettings(database=url, environment=ENVIRONMENT), new=ASYNC) as replay:
        yield replay


def databases(cluster: Cluster) -> set[str]:
    with psycopg.connect(cluster.url("postgres")) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def everything(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT id, title, xmin::text FROM books ORDER BY id").fetchall()


def bodies(pair: ComparedCase) -> list[bytes]:
    return [seen.response.body for one in pair.steps for seen in (one.control, one.candidate) if seen.response]


def test_writes_show_their_rows_and_are_gone_with_the_case(replay: Replay, url: str) -> None:
    before = everything(url)
    for _ in range(3):
        (pair,) = ask(replay, step("POST /books", b'{"title": "New"}')).steps
        for seen in (pair.control, pair.candidate):
            assert seen.error is None
            (change,) = seen.effects.rows
            assert (change.table, change.kind, change.key) == ("books", "inserted", ("5",))
            assert change.after == (("id", "5"), ("title", '"New"'), ("author_id", "1"))
            assert seen.effects.statements[0] == "INSERT books"
        assert b"New" not in b"".join(bodies(ask(replay, "GET /books")))
    assert everything(url) == before


def test_a_sequence_that_moved_without_a_row_is_put_back(replay: Replay) -> None:
    (pair,) = ask(replay, "POST /rolled-back").steps
    assert pair.control.effects.rows == pair.candidate.effects.rows == ()
    (pair,) = ask(replay, step("POST /books", b'{"title": "New"}')).steps
    assert [seen.effects.rows[0].key for seen in (pair.control, pair.candidate)] == [("5",), ("5",)]


def test_a_copy_leads_nowhere(cluster: Cluster) -> None:
    cluster.create_database("linked")
    with psycopg.connect(cluster.url("linked"), autocommit=True) as real:
        for statement in (
            "CREATE EXTENSION postgres_fdw",
            "CREATE EXTENSION dblink",
            "CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'other')",
            "CREATE USER MAPPING FOR PUBLIC SERVER shop",
            "CREATE FOREIGN TABLE orders (id int) SERVER shop",
            "CREATE TABLE own (id int)",
        ):
            real.execute(statement)
    isolation = PostgresqlIsolation(cluster.url("linked"))
    try:
        with psycopg.connect(isolation.new_database("0-control")) as copy:
            found = copy.execute("SELECT relname FROM pg_class WHERE relname IN ('orders', 'own')").fetchall()
            ways = copy.execute(
                "SELECT srvname FROM pg_foreign_server UNION SELECT fdwname FROM pg_foreign_data_wrapper"
            )
            assert (found, ways.fetchall()) == ([("own",)], [])
    finally:
        isolation.close()
    parts = "server shop, extension dblink, extension postgres_fdw"
    assert isolation.notes == [f"the copy of the database leads nowhere: it is without {parts}"]
    with psycopg.connect(cluster.url("linked")) as real:
        assert real.execute("SELECT count(*) FROM pg_foreign_server").fetchone() == (1,)


def test_a_database_whose_port_is_in_the_query_is_the_sides_own(url: str) -> None:
    with replaying(ReplaySettings(database=with_port(url), environment=ENVIRONMENT), new=ASYNC) as replay:
        (pair,) = ask(replay, "GET /books").steps
    for seen in (pair.control, pair.candidate):
        assert (seen.response and seen.response.status, seen.effects and seen.effects.outbound) == (200, ())


def with_port(url: str) -> str:
    parsed = make_url(url)
    query = {**parsed.query, "port": str(parsed.port or 5432)}
    return parsed.set(port=None, query=query).render_as_string(hide_password=False)


def test_the_real_database_and_its_neighbours_are_out_of_reach(replay: Replay, cluster: Cluster) -> None:
    for name in ("library", "other"):
        (pair,) = ask(replay, f"GET /connect/{name}?directory={cluster.directory}").steps
        for seen in (pair.control, pair.candidate):
            assert seen.effects.outbound[0].kind == "database"
            assert seen.effects.outbound[0].target == f"postgresql://{cluster.directory}/{name}"
            assert seen.response is not None
            assert seen.response.body == b"ContainedFileError"


def test_psycopg2_is_watched_too(url: str, cluster: Cluster) -> None:
    settings = ReplaySettings(database=url.replace("postgresql:", "postgresql+psycopg2:"), environment=ENVIRONMENT)
    with replaying(settings, new=LEGACY) as replay:
        (write, reach) = ask(
            replay, step("POST /books", b'{"title": "New"}'), f"GET /psycopg2/other?directory={cluster.directory}"
        ).steps
    for seen in (write.control, write.candidate):
        assert seen.effects.rows[0].key == ("5",)
    assert reach.control.response is not None
    assert reach.control.response.body == b"ContainedFileError"


@pytest.mark.parametrize("way", ["connect", "connect_start", "extensions", "extras", "factory"])
def test_the_classes_below_a_drivers_functions_are_watched_too(replay: Replay, cluster: Cluster, way: str) -> None:
    """Of the control: the candidate asks no such thing."""
    (pair,) = ask(replay, f"GET /entrance/{way}/other?directory={cluster.directory}").steps
    assert pair.control.response is not None
    assert pair.control.response.body == b"ContainedFileError"


@pytest.fixture(scope="module")
def by_asyncpg(url: str) -> Iterator[Replay]:
    app = "tests.parity.replaying.broken_apps:by_asyncpg"
    with replaying(ReplaySettings(database=url, environment=ENVIRONMENT), legacy=app, new=app) as replay:
        yield replay


@pytest.mark.parametrize(
    ("way", "own"),
    [("arguments", "own"), ("dsn", "own"), ("both", "own"), ("pool", "own"), ("untold", "ContainedFileError")],
)
def test_asyncpg_is_watched_too(by_asyncpg: Replay, cluster: Cluster, way: str, own: str) -> None:
    pair = ask(by_asyncpg, *(f"GET /{way}/{name}?directory={cluster.directory}" for name in ("own", "other")))
    assert bodies(pair) == [f'"{own}"'.encode()] * 2 + [b'"ContainedFileError"'] * 2
    (attempt,) = pair.steps[1].control.effects.outbound
    assert (attempt.kind, attempt.target.endswith("/other")) == ("database", way != "untold")


def test_a_thread_of_the_app_is_watched_while_its_database_is_put_back(url: str, cluster: Cluster) -> None:
    app = "tests.parity.replaying.broken_apps:going_on_elsewhere"
    with replaying(ReplaySettings(database=url, environment=ENVIRONMENT), legacy=app, new=app) as replay:
        assert ask(replay, f"GET /later?directory={cluster.directory}").steps[0].control.effects.rows
        assert bodies(ask(replay, "GET /came")) == [b'["ContainedFileError"]\n'] * 2


def test_no_database_and_no_session_is_left(url: str, cluster: Cluster) -> None:
    before = databases(cluster)
    with replaying(ReplaySettings(database=url, environment=ENVIRONMENT), new=LEGACY, workers=2) as replay:
        pairs = list(replay.run([case("DELETE /authors/1", name=str(number)) for number in range(6)], never))
        assert len(databases(cluster) - before) == 5
    assert [len(pair.steps[0].candidate.effects.rows) for pair in pairs] == [3] * 6
    assert databases(cluster) == before


def test_a_database_that_cannot_be_copied_is_said_by_name(cluster: Cluster) -> None:
    settings = ReplaySettings(database=cluster.url("nowhere"), environment=ENVIRONMENT)
    before = databases(cluster)
    with pytest.raises(ReplayError) as raised, replaying(settings):
        pass
    assert str(raised.value).startswith('[parity] database: "postgresql://postgres@/nowhere')
    assert 'template database "nowhere" does not exist' in str(raised.value)
    assert databases(cluster) == before


def test_equal_rows_are_counted_and_an_altered_table_is_compared(cluster: Cluster) -> None:
    cluster.create_database("fees")
    cluster.create_database("fees_before")
    with psycopg.connect(cluster.url("fees_before")) as before, psycopg.connect(cluster.url("fees")) as now:
        for connection in (before, now):
            connection.execute("CREATE TABLE fees (member int, amount int)")
            connection.execute("CREATE TABLE members (id int PRIMARY KEY)")
            connection.execute("INSERT INTO fees VALUES (1, 500), (2, 500); INSERT INTO members VALUES (1)")
    state = PostgresqlState(cluster.url("fees"), cluster.url("fees_before"), lambda: True)
    with psycopg.connect(cluster.url("fees")) as app:
        app.execute("INSERT INTO fees SELECT 1, 500 FROM generate_series(1, 5)")
        app.execute("ALTER TABLE members ADD COLUMN name text; UPDATE members SET name = 'Ann'")
    found = {change.table: change for change in state.changes()}
    state.close()
    assert found == {
        "fees": RowChange(
            "fees",
            "updated",
            ("1", "500"),
            (("member", "1"), ("amount", "500"), ("(rows alike)", "1")),
            (("member", "1"), ("amount", "500"), ("(rows alike)", "6")),
        ),
        "members": RowChange("members", "updated", ("1",), (("id", "1"),), (("id", "1"), ("name", '"Ann"'))),
    }
