"""Which database a driver's arguments name, and where its socket goes: by host and port, wherever the URL has them."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from gateway.parity.replaying.databases import addresses_of
from gateway.parity.replaying.drivers import same_database

SHOP = "postgresql+psycopg://app@/shop?host=/run/pg&port=5433"


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("sqlite:///a.db", ()),
        (SHOP, ("/run/pg/.s.PGSQL.5433",)),
        ("postgresql://app@:5433/shop?host=/run/pg", ("/run/pg/.s.PGSQL.5433",)),
        ("postgresql://app@db/shop", (("db", 5432),)),
        ("postgresql://app@db/shop?port=6000", (("db", 6000),)),
        ("postgresql://app@/shop?hostaddr=10.0.0.1&port=6000", (("10.0.0.1", 6000),)),
        ("postgresql://app@localhost/shop", (("localhost", 5432), ("127.0.0.1", 5432), ("::1", 5432))),
        ("postgresql://app@/shop?host=a,b&port=1,2", (("a", 1), ("b", 2))),
        ("postgresql://app@/shop?host=a,b&port=1", (("a", 1), ("b", 1))),
    ],
)
def test_where_a_driver_connects_to(url: str, addresses: tuple[object, ...]) -> None:
    assert addresses_of(url) == addresses


@pytest.mark.parametrize(
    ("url", "conninfo", "is_same"),
    [
        (SHOP, "host=/run/pg port=5433 dbname=shop user=app", True),
        (SHOP, "host=/run/pg port=5433 dbname=prod", False),
        (SHOP, "host=/run/pg port=5432 dbname=shop", False),
        (SHOP, "host=/run/other port=5433 dbname=shop", False),
        ("postgresql://app@:5433/shop?host=/run/pg", "host=/run/pg port=5433 dbname=shop", True),
        ("postgresql://app@db/shop", "host=db dbname=shop", True),
        ("postgresql://app@db/shop", "host=db port=5432 dbname=shop", True),
        ("postgresql://app@db/shop", "host=db port=5433 dbname=shop", False),
        ("postgresql://app@db/shop?port=6000", "host=db port=6000 dbname=shop", True),
    ],
)
def test_the_sides_own_database_is_known_by_its_server_and_name(url: str, conninfo: str, is_same: bool) -> None:
    given: dict[str, Any] = conninfo_to_dict(conninfo)
    assert same_database(make_url(url), given) is is_same
