"""What a start of Depot can choose. Both sides read it here; it imports the standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

DEVELOPMENT_DATABASE_URL = "sqlite:///depot.sqlite3"
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-deploy-it"
DEFAULT_POOL_SIZE = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """One start's choices: an argument beats the environment, which beats the default."""

    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    pool_size: int
    cors_origins: tuple[str, ...] = ("https://app.depot.example", "http://localhost:5173")

    @classmethod
    def parse(
        cls, environ: Mapping[str, str], *, database_url: str | None = None, secret_key: str | None = None
    ) -> Self:
        return cls(
            database_url=database_url or environ.get("DEPOT_DATABASE_URL") or DEVELOPMENT_DATABASE_URL,
            secret_key=secret_key or environ.get("DEPOT_SECRET_KEY") or DEVELOPMENT_SECRET_KEY,
            pool_size=int(environ.get("DEPOT_POOL_SIZE") or DEFAULT_POOL_SIZE),
        )
