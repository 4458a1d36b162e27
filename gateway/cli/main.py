"""The `gateway` command. Exit codes: 0 fine, 1 findings, 2 could not run."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from .. import __version__
from ..errors import GatewayError

_COMMANDS = ("serve", "check", "routes", "explain", "parity", "flip", "history", "differences", "corpus", "init")
"""The commands in the order of `--help`: `serve` is `serve_command` of `serve.py`, and so on."""


class LazyGroup(click.Group):
    """A group that imports a command when it is asked for: what serves needs nothing of what replays."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Return a command, None for a name that is none."""
        if name not in _COMMANDS:
            return None
        command = getattr(import_module(f".{name}", __package__), f"{name}_command")
        assert isinstance(command, click.Command)
        return command


def main() -> None:
    """Run the command line. A GatewayError, or a file that cannot be written, becomes its text and exit code 2."""
    try:
        cli()
    except (GatewayError, OSError) as error:
        from rich.console import Console
        from rich.markup import escape

        err = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
        for line in str(error).splitlines():
            err.print(f"[bold red]error[/] {escape(line)}")
        sys.exit(2)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, prog_name="gateway")
@click.option(
    "--map", "path", type=click.Path(dir_okay=False, path_type=Path), default="migration_map.toml", help="The map file."
)
@click.pass_context
def cli(context: click.Context, path: Path) -> None:
    """Serve a Flask app and its FastAPI successor as one; the map file says who answers what."""
    context.obj = path
