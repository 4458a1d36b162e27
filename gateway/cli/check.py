"""`gateway check`: what is wrong between the map and both apps."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from ..apps.findings import Level
from ..apps.project import load_project
from ..evidence.current import check_with_evidence
from .views import console, counts_line, findings_view


@click.command(name="check")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.pass_obj
def check_command(path: Path, as_json: bool, strict: bool) -> None:
    """Compare the map with both apps: routes that nobody has, hooks that a flip loses, and the like."""
    found = check_with_evidence(load_project(path))
    out = console()
    if as_json:
        click.echo(json.dumps([{**asdict(finding), "level": finding.level.value} for finding in found], indent=2))
    else:
        for part in findings_view(found):
            out.print(part)
        out.print(counts_line(found))
    failing = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    sys.exit(1 if any(finding.level in failing for finding in found) else 0)
