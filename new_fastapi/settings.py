"""What a start of Depot can choose. Both sides read it here; it imports the standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

DEVELOPMENT_DATABASE_URL = "sqlite:///depot.sqlite3"
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-deploy-it"
DEFAULT_POOL_SIZE = 10
DEFAULT_UPLOAD_DIR = "uploads"
DEFAULT_LOGIN_LIMIT = 10
DEFAULT_LIMIT_STORAGE = "memory://"

MAX_BODY = 2**20  # bytes of a request body, but for an upload
MAX_UPLOAD = 2**32


@dataclass(frozen=True, slots=True)
class Settings:
    """One start's choices: an argument beats the environment, which beats the default."""

    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    pool_size: int
    upload_dir: Path
    login_limit: int
    """Attempts a minute and client address, at each route that takes a password."""
    limit_storage: str = field(repr=False)
    """A URI of the `limits` library, or `database://` for Depot's own database."""
    cors_origins: tuple[str, ...] = ("https://app.depot.example", "http://localhost:5173")

    @classmethod
    def parse(
        cls,
        environ: Mapping[str, str],
        *,
        database_url: str | None = None,
        secret_key: str | None = None,
        upload_dir: str | Path | None = None,
    ) -> Self:
        return cls(
            database_url=database_url or environ.get("DEPOT_DATABASE_URL") or DEVELOPMENT_DATABASE_URL,
            secret_key=secret_key or environ.get("DEPOT_SECRET_KEY") or DEVELOPMENT_SECRET_KEY,
            pool_size=int(environ.get("DEPOT_POOL_SIZE") or DEFAULT_POOL_SIZE),
            upload_dir=Path(upload_dir or environ.get("DEPOT_UPLOAD_DIR") or DEFAULT_UPLOAD_DIR).absolute(),
            login_limit=int(environ.get("DEPOT_LOGIN_LIMIT") or DEFAULT_LOGIN_LIMIT),
            limit_storage=environ.get("DEPOT_LIMIT_STORAGE") or DEFAULT_LIMIT_STORAGE,
        )
