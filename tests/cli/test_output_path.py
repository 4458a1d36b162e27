"""What cannot be written at the end is refused at the start, in one line, and nothing is made or changed by asking."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import cli
from gateway.cli.output_path import OutputDirectory, OutputFile
from gateway.cli.parity import write_reports
from gateway.errors import GatewayError
from tests.parity.reporting.runs import report

FILE_OPTIONS = (("parity", "--json"), ("parity", "--junit"), ("parity", "--html"), ("differences", "--output"))

FAULTS = {
    "": "names no file",
    "missing/out.html": 'there is no directory "{root}/missing"; make it first',
    "missing/deep/out.html": 'there is no directory "{root}/missing/deep"; make it first',
    "file/out.html": "cannot be written: Not a directory",
    "directory": "is a directory; name a file in it",
    "directory/": "is a directory; name a file in it",
    "missing/": "is a directory; name a file in it",
    ".": "is a directory; name a file in it",
    "x" * 300: "cannot be written: File name too long",
    "/proc/out.html": "cannot be written: No such file or directory",
    "loop": "cannot be written: Too many levels of symbolic links",
    "lost/out.html": 'there is no directory "{root}/nowhere"; make it first',
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one of each kind."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("kept")
    Path("directory").mkdir()
    Path("loop").symlink_to("loop")
    Path("lost").symlink_to("nowhere")
    os.mkfifo("pipe")
    return tmp_path


def run(*arguments: str) -> Result:
    """The command without a map: what it says first is what it asks first."""
    return CliRunner().invoke(cli, [*arguments])


@pytest.mark.parametrize("option", FILE_OPTIONS, ids=" ".join)
@pytest.mark.parametrize(("given", "fault"), FAULTS.items(), ids=[name[:20] for name in FAULTS])
def test_a_file_that_cannot_be_written_is_refused_first(
    option: tuple[str, str], given: str, fault: str, place: Path
) -> None:
    command, name = option
    done = run(command, name, given)
    assert isinstance(done.exception, GatewayError)
    assert str(done.exception) == f'{name} "{given}": {fault.format(root=place)}'


@pytest.mark.parametrize("given", ["new.html", "directory/new.html", "file", "pipe", "/dev/null", "lost"])
def test_a_file_that_can_be_written_is_left_as_it_is(given: str, place: Path) -> None:
    before = sorted(place.rglob("*"))
    assert OutputFile().convert(given, None, None) == Path(given)
    assert (sorted(place.rglob("*")), Path("file").read_text()) == (before, "kept")


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("", "names no directory"),
        ("file", "cannot be written: Not a directory"),
        ("file/below", "cannot be written: Not a directory"),
        ("/proc/below", "cannot be written: No such file or directory"),
        ("loop", "cannot be written: Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize(
    "command", [("serve", "--record"), ("corpus", "import", "har", "file", "--corpus")], ids=["record", "corpus"]
)
def test_a_directory_that_cannot_be_written_is_refused_first(
    command: tuple[str, ...], given: str, fault: str, place: Path
) -> None:
    done = run(*command, given)
    assert isinstance(done.exception, GatewayError)
    assert str(done.exception) == f'{command[-1]} "{given}": {fault.format(root=place)}'


@pytest.mark.parametrize("given", ["directory", "new", "new/deep", "."])
def test_a_directory_that_can_be_made_is_not_made_yet(given: str, place: Path) -> None:
    before = sorted(place.rglob("*"))
    assert OutputDirectory().convert(given, None, None) == Path(given)
    assert sorted(place.rglob("*")) == before


def test_a_file_that_the_disk_does_not_take_keeps_no_other_from_being_written(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = {"/dev/full": "a", "kept.html": "b", "missing/out.html": "c"}
    with pytest.raises(GatewayError) as refused:
        write_reports(report(()), {name: lambda _run, text=text: text for name, text in texts.items()})  # type: ignore[misc]
    assert str(refused.value).splitlines() == [
        "/dev/full: cannot be written: No space left on device",
        "missing/out.html: cannot be written: No such file or directory",
    ]
    assert ((place / "kept.html").read_text(), capsys.readouterr().out) == ("b", "wrote kept.html\n")


@pytest.mark.parametrize(
    ("files", "both"),
    [
        (("--json", "a", "--html", "a"), "--html and --json"),
        (("--json", "a", "--junit", "directory/../a"), "--json and --junit"),
        (("--junit", "lost", "--html", "nowhere"), "--html and --junit"),
        (("--json", "-", "--html", "-"), "--html and --json"),
    ],
)
def test_two_formats_need_two_files(files: tuple[str, ...], both: str) -> None:
    done = run("parity", *files)
    assert done.exit_code == click.UsageError.exit_code
    assert f"Error: {both} write the same file; give each its own" in done.output
