"""The sample project in a directory of its own: its map, its corpus, both apps."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("migration_map.toml", "corpus", "legacy_flask", "new_fastapi")


def copy_samples(directory: Path) -> Path:
    """Copies what a run reads; gives the map."""
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, directory / name)
    return directory / PARTS[0]
