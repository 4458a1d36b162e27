"""Which variables the apps of a run get, and what a user is told where one is missing."""

from __future__ import annotations

import os

import pytest

from gateway.config.parity_table import ReplaySettings
from gateway.parity.replaying.environment import environment_for, environment_of, withheld_in

KEPT_FROM_APPS = """
AWS_SECRET_KEY DATABASE_URL SQLALCHEMY_DATABASE_URI FLASK_SECRET_KEY GITHUB_TOKEN STRIPE_KEY SENTRY_DSN PGPASSWORD
REDIS_URL MAIL_PASSWORD GOOGLE_APPLICATION_CREDENTIALS KUBECONFIG SSH_AUTH_SOCK HTTP_PROXY https_proxy MYPATH
PYTHON_API_TOKEN PYTHONANYWHERE_API_TOKEN NIX_CONFIG LC_SECRET_KEY
"""


@pytest.fixture(autouse=True)
def set_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEPT_FROM_APPS.split():
        monkeypatch.setenv(name, "of production")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_a_side_gets_what_any_program_needs_and_what_the_map_says() -> None:
    settings = ReplaySettings(
        environment=(("DATABASE_URL", "{database}"), ("MODE", "test")), pass_environment=("STRIPE_KEY", "NOT_SET")
    )
    found = environment_of(settings, {"database": "sqlite:///own.db"})
    assert (found["DATABASE_URL"], found["MODE"], found["STRIPE_KEY"]) == ("sqlite:///own.db", "test", "of production")
    assert {*KEPT_FROM_APPS.split()} & found.keys() == {"DATABASE_URL", "STRIPE_KEY"}
    assert {"PATH", "LC_ALL"} <= found.keys()
    assert "NOT_SET" not in found


def test_what_leads_to_the_server_of_the_sides_own_databases_is_passed() -> None:
    assert "PGPASSWORD" in environment_of(ReplaySettings(database="postgresql+psycopg://app@db/shop"), {})
    assert "PGPASSWORD" not in environment_of(ReplaySettings(database="sqlite:///a.db"), {})


def test_the_import_that_plans_a_run_sees_no_more_and_afterwards_all_is_there() -> None:
    before = dict(os.environ)
    with environment_for(ReplaySettings(), {}):
        assert not {*KEPT_FROM_APPS.split()} & os.environ.keys()
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("KeyError: 'STRIPE_KEY'", "STRIPE_KEY"),
        ("RuntimeError: set SENTRY_DSN first", "SENTRY_DSN"),
        ("KeyError: 'stripe_key'", ""),
        ("KeyError: 'NOT_SET'", ""),
        ("FileNotFoundError: PATH", ""),
        ("KeyError: 'MODE'", ""),
        ("_ is None", ""),
    ],
)
def test_an_app_that_fails_for_a_variable_that_is_kept_from_it_is_told(reason: str, name: str) -> None:
    told = withheld_in(reason, ReplaySettings(environment=(("MODE", "test"),)))
    expected = (
        f"\n{name} is kept from the apps of a run; write in the map, under [parity]:\n  environment = {{ {name} = "
    )
    assert told.startswith(expected) if name else told == ""
