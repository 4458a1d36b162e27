"""Options that name what a command is to write; click asks them first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ..config.outputs import check_directory, check_file
from ..errors import GatewayError


class OutputFile(click.Path):
    """The type of an option that names a file to write; `-` is standard output where `allow_dash` says so."""

    def __init__(self, *, allow_dash: bool = False) -> None:
        super().__init__(allow_dash=allow_dash)

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the path. Raises GatewayError where no file can be written there."""
        path = Path(os.fsdecode(super().convert(value, parameter, context)))
        if not (self.allow_dash and str(value) == "-"):
            option = parameter.opts[-1] if parameter is not None else ""
            if not str(value):
                raise GatewayError(f'{option} "": names no file')
            check_file(f'{option} "{value}"', path, is_directory=str(value).endswith(os.sep))
        return path


class OutputDirectory(click.Path):
    """The type of an option that names a directory to write files in; it is made where it is missing."""

    def __init__(self) -> None:
        super().__init__()

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the path. Raises GatewayError where no file can be written below it."""
        path = Path(os.fsdecode(super().convert(value, parameter, context)))
        option = parameter.opts[-1] if parameter is not None else ""
        if not str(value):
            raise GatewayError(f'{option} "": names no directory')
        check_directory(f'{option} "{value}"', path)
        return path
