"""The `gateway` command. Exit codes: 0 fine, 1 findings, 2 could not run."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from .. import __version__
from ..errors import GatewayError
from .check import check_command
from .corpus import corpus_command
from .differences import differences_command
from .explain import explain_command
from .flip import flip_command
from .history import history_command
from .init import init_command
from .parity import parity_command
from .routes import routes_command
from .serve import serve_command

_COMMANDS = (
    serve_command,
    check_command,
    routes_command,
    explain_command,
    parity_command,
    flip_command,
    history_command,
    differences_command,
    corpus_command,
    init_command,
)


def main() -> None:
    """Run the command line. A GatewayError, or a file that cannot be written, becomes its text and exit code 2."""
    try:
        cli()
    except (GatewayError, OSError) as error:
        err = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
        for line in str(error).splitlines():
            err.print(f"[bold red]error[/] {escape(line)}")
        sys.exit(2)


@click.group(commands=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, prog_name="gateway")
@click.option(
    "--map", "path", type=click.Path(dir_okay=False, path_type=Path), default="migration_map.toml", help="The map file."
)
@click.pass_context
def cli(context: click.Context, path: Path) -> None:
    """Serve a Flask app and its FastAPI successor as one; the map file says who answers what."""
    context.obj = path
