"""`gateway differences`: the document of deliberate differences."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.markup import escape

from ..config.map_file import load_map
from ..evidence.differences_document import differences_document
from ..store.store import Store
from .output_path import OutputFile
from .views import console


@click.command(name="differences")
@click.option("-o", "--output", type=OutputFile(), help="File to write; else stdout.")
@click.pass_obj
def differences_command(path: Path, output: Path | None) -> None:
    """Write the document of deliberate differences for the API's users: every ignore rule of the map, with a sample."""
    map_ = load_map(path)
    with Store.find(map_.replay.store, path.parent) or nullcontext() as store:
        results = store.ignored_results() if store else ()
    document = differences_document(map_.comparison.rules, results, datetime.now(UTC).date())
    if output is None:
        click.echo(document, nl=False)
    else:
        output.write_text(document, encoding="utf-8")
        console().print(f"wrote {escape(str(output))}")
