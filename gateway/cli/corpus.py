"""`gateway corpus`: cases from what a team has already. Secrets are replaced before anything is written."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from ..parity.corpus.files import write_cases
from ..parity.corpus.importing.access_logs import MAX_CASES, read_access_log
from ..parity.corpus.importing.files import fault_of
from ..parity.corpus.importing.har import read_har
from ..parity.corpus.importing.imported import Imported, with_unique_names
from ..parity.corpus.importing.postman import read_postman
from ..parity.corpus.redacting import redact_case
from .output_path import OutputDirectory

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_CORPUS = click.option("--corpus", type=OutputDirectory(), default=Path("corpus"), help="Directory of the cases.")
_RAW = click.option("--raw", is_flag=True, help="Keep secrets as they are: for traffic of a test system only.")


@click.group(name="corpus")
def corpus_command() -> None:
    """Cases for parity, from recordings and collections."""


@corpus_command.group(name="import")
def import_group() -> None:
    """Write the requests of a file as cases; what cannot be taken is counted, and costs nothing else."""


@import_group.command(name="har")
@_FILE
@_CORPUS
@_RAW
@click.option("--host", help="Take the requests to this host; the first request's if absent.")
def har_command(file: Path, corpus: Path, raw: bool, host: str | None) -> None:
    """Import a HAR 1.2 FILE of a browser or a proxy."""
    _write(corpus, file, read_har(file, host), raw=raw)


@import_group.command(name="access-log")
@_FILE
@_CORPUS
@_RAW
@click.option("--limit", default=MAX_CASES, type=click.IntRange(1), help="Distinct requests to take.")
def access_log_command(file: Path, corpus: Path, raw: bool, limit: int) -> None:
    """Import the GET and HEAD requests of an access log, of most servers and proxies, as text or JSON."""
    _write(corpus, file, read_access_log(file, limit), raw=raw)


@import_group.command(name="postman")
@_FILE
@_CORPUS
@_RAW
@click.option("--variable", "variables", multiple=True, metavar="NAME=VALUE", help="A variable of the collection.")
def postman_command(file: Path, corpus: Path, raw: bool, variables: tuple[str, ...]) -> None:
    """Import a Postman collection, exported as v2.0 or v2.1."""
    for variable in variables:
        if "=" not in variable:
            raise click.UsageError(f'--variable "{variable}" has no value; write NAME=VALUE')
    _write(corpus, file, read_postman(file, dict(one.split("=", 1) for one in variables)), raw=raw)


def _write(corpus: Path, file: Path, imported: Imported, *, raw: bool) -> None:
    if not imported.cases:
        raise fault_of(file, "there is no request in it")
    salt = secrets.token_bytes(32)
    cases = [case if raw else redact_case(case, salt, (), imported.given_out) for case in imported.cases]
    path = write_cases(corpus, f"{file.stem}.toml", with_unique_names(cases))
    count = len(imported.cases)
    click.echo(f"wrote {path} ({count} case{'s' * (count != 1)})")
    for note in imported.notes:
        click.echo(note)
    before, after = ([step.request.body for case in each for step in case.steps] for each in (imported.cases, cases))
    if left_out := sum(bool(body) and not clean for body, clean in zip(before, after, strict=True)):
        click.echo(
            f"left out {left_out} bodies that are no form, multipart or JSON: secrets in them have no name (--raw)"
        )
