"""Both stores of the sample apps: one history of the schema, one first start however many starters there are."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.synchronize import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, String, delete, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from new_fastapi.database import exclusive, open_engine
from new_fastapi.migrations import newest_revision, revision_of
from new_fastapi.models import Department, Employee, Feedback, Model, Todo, TripStop
from new_fastapi.seed import prepare
from tests.support.servers import ROOT
from tests.support.stores import Store

ALEMBIC = Config(toml_file=ROOT / "pyproject.toml")
REVISIONS = [script.revision for script in ScriptDirectory.from_config(ALEMBIC).walk_revisions()][::-1]
SEEDED = [12, 8, 22]
LATER = ("uploads", "limit_counts")  # tables that came after the first revision


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url, pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture
def empty(each_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database without a table, which is also the one that the `alembic` command takes."""
    with each_store.new_database(seeded=False) as url, opened(url) as engine:
        monkeypatch.setenv("DEPOT_DATABASE_URL", url)
        yield engine


def counts(engine: Engine) -> list[int | None]:
    with Session(engine) as session:
        return [session.scalar(select(func.count(model.id))) for model in (Employee, Todo, TripStop)]


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return revision_of(connection)


def differences(engine: Engine) -> list[object]:
    """What Alembic would change in the database to make it as the models are."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Model.metadata))


# --- the history ---


def test_models_and_migrations_agree(empty: Engine) -> None:
    prepare(empty)
    assert differences(empty) == []


def test_every_revision_goes_up_and_down_and_up_again(empty: Engine) -> None:
    seen = [set[str]()]
    for number in REVISIONS:
        command.upgrade(ALEMBIC, number)
        seen.append(tables(empty) - {"alembic_version"})
    assert seen[-1] == set(Model.metadata.tables)
    for expected in seen[-2::-1]:
        command.downgrade(ALEMBIC, "-1")
        assert tables(empty) - {"alembic_version"} == expected
    command.upgrade(ALEMBIC, "head")
    assert differences(empty) == []


def test_revisions_are_one_line_and_files_are_named_by_them() -> None:
    scripts = ScriptDirectory.from_config(ALEMBIC)
    assert [script.down_revision for script in map(scripts.get_revision, REVISIONS)] == [None, *REVISIONS[:-1]]
    assert sorted(REVISIONS) == REVISIONS
    assert newest_revision() == scripts.get_current_head() == REVISIONS[-1]


@pytest.mark.process
def test_the_alembic_command_from_the_checkout(empty: Engine) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert differences(empty) == []


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    command.upgrade(ALEMBIC, "0001")
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE limit_counts (key INTEGER)"))  # the second table of 0002
    before = tables(empty)
    with pytest.raises(DBAPIError, match="already exists"):
        prepare(empty)
    assert (tables(empty), revision(empty)) == (before, "0001")


def test_a_table_that_others_refer_to_can_be_changed(each_store: Store) -> None:
    with each_store.new_database() as url, opened(url) as engine:
        with exclusive(engine) as connection:
            alembic = Operations(MigrationContext.configure(connection))
            with alembic.batch_alter_table("departments") as departments:
                departments.alter_column("name", existing_type=String(80), type_=String(90))
        (name,) = [one for one in inspect(engine).get_columns("departments") if one["name"] == "name"]
        assert (name["type"].length, counts(engine)) == (90, SEEDED)
        with pytest.raises(IntegrityError), Session(engine) as session:
            session.execute(delete(Department))


# --- a start ---


def test_a_schema_without_a_row_is_seeded(empty: Engine) -> None:
    command.upgrade(ALEMBIC, "head")
    prepare(empty)
    assert counts(empty) == SEEDED


@pytest.mark.parametrize("lost", [(), ("feedback",)])
def test_a_database_from_before_the_history_keeps_its_rows(empty: Engine, lost: tuple[str, ...]) -> None:
    early = [table for name, table in Model.metadata.tables.items() if name not in (*LATER, *lost)]
    Model.metadata.create_all(empty, early)
    with Session(empty) as session:
        session.add(Todo(title="Ours"))
        session.commit()
    prepare(empty)
    assert (differences(empty), revision(empty)) == ([], newest_revision())
    assert counts(empty) == [0, 1, 0]
    with Session(empty) as session:
        session.add(Feedback(name="Ada", message="Late."))
        session.commit()


def test_a_database_that_is_ahead_of_the_code_is_left_alone(empty: Engine) -> None:
    prepare(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CommandError, match="9999"):
        prepare(empty)
    assert (counts(empty), revision(empty)) == (SEEDED, "9999")


@pytest.mark.process
def test_a_start_with_nothing_to_do_does_not_import_alembic(each_store: Store) -> None:
    script = (
        "import os, sys\n"
        "from new_fastapi.database import open_engine\n"
        "from new_fastapi.seed import prepare\n"
        "prepare(open_engine(os.environ['DEPOT_DATABASE_URL'], pool_size=1))\n"
        "print('alembic' in sys.modules)"
    )
    for seeded, imported in ((True, "False\n"), (False, "True\n")):
        with each_store.new_database(seeded=seeded) as url:
            env = {**os.environ, "DEPOT_DATABASE_URL": url}
            run = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
        assert (run.stdout, run.stderr) == (imported, "")


@pytest.mark.long
@pytest.mark.process
@pytest.mark.parametrize("at", [None, "0001"])
def test_many_starters_migrate_and_seed_once(empty: Engine, at: str | None) -> None:
    if at is not None:
        command.upgrade(ALEMBIC, at)
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(5)
    starters = [spawn.Process(target=one, args=(barrier,)) for one in (start, start, start, start, migrate)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert [starter.exitcode for starter in starters] == [0] * 5
    assert (differences(empty), counts(empty)) == ([], SEEDED)


def test_threads_of_one_process_start_on_databases_of_their_own(each_store: Store) -> None:
    barrier = threading.Barrier(4)

    def prepare_at_once(engine: Engine) -> None:
        barrier.wait()
        prepare(engine)

    with ExitStack() as stack, ThreadPoolExecutor(4) as threads:
        urls = [stack.enter_context(each_store.new_database(seeded=False)) for _ in range(4)]
        engines = [stack.enter_context(opened(url)) for url in urls]
        list(threads.map(prepare_at_once, engines))
        assert [counts(engine) for engine in engines] == [SEEDED] * 4


def start(barrier: Barrier) -> None:
    """An app that starts at the same moment as others."""
    with opened(os.environ["DEPOT_DATABASE_URL"]) as engine:
        barrier.wait()
        prepare(engine)
        sys.exit(counts(engine) != SEEDED)


def migrate(barrier: Barrier) -> None:
    """Somebody who types `alembic upgrade head` at that moment."""
    barrier.wait()
    command.upgrade(ALEMBIC, "head")


# --- how a database is opened ---


def test_the_store_of_this_run_is_the_one_that_was_asked_for(store: Store, pytestconfig: pytest.Config) -> None:
    with store.new_database() as url, opened(url) as engine:
        assert engine.dialect.name == pytestconfig.getoption("--store")


def test_sqlite_is_opened_for_many_processes(sqlite: Store) -> None:
    pragmas = ("journal_mode", "busy_timeout", "foreign_keys")
    with sqlite.new_database() as url, opened(url) as engine, engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]
    assert found == ["wal", 30000, 1]


def test_a_plain_postgresql_url_means_psycopg_3(postgresql_url: str) -> None:
    assert postgresql_url.startswith("postgresql://")
    with opened(postgresql_url) as engine:
        assert (engine.dialect.driver, counts(engine)) == ("psycopg", SEEDED)
