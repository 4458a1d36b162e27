"""Depot's back office, the new side. Importing this package imports no framework: `create_app` does.

The Flask side takes the models, the seed and the settings from here, and FastAPI may not be there then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI


def create_app(
    *, database_url: str | None = None, secret_key: str | None = None, upload_dir: str | Path | None = None
) -> FastAPI:
    """A new app; what is not given comes from the environment (DEPOT_DATABASE_URL, DEPOT_SECRET_KEY, ...)."""
    import os

    from new_fastapi.app import build
    from new_fastapi.settings import Settings

    chosen = Settings.parse(os.environ, database_url=database_url, secret_key=secret_key, upload_dir=upload_dir)
    return build(chosen)
