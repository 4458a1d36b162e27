"""`python -m tests.bridge.differential` prints the known differences, a reason a row, as a table for docs/bridge.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.bridge.differential.explained import WHOSE, Explained, load_explained
from tests.bridge.differential.servers import CASES

WIDEST = 70


def table() -> Iterator[str]:
    """The lines of the table, with one case of each reason as its example."""
    explained = load_explained()
    by_reason: dict[str, list[str]] = {}
    for name, entry in explained.items():
        by_reason.setdefault(entry.why, []).append(name)
    yield f"{len(CASES)} cases, {len(CASES) - len(explained)} answered alike, {len(explained)} explained differences:"
    yield ""
    yield "| why | whose | cases | for example | gunicorn | gateway |"
    yield "|---|---|---|---|---|---|"
    for why, names in by_reason.items():
        yield row(why, len(names), names[0], explained[names[0]])


def row(why: str, count: int, example: str, entry: Explained) -> str:
    answers = (f"`{shorten(line)}`" for line in (entry.gunicorn, entry.gateway))
    cells = [why, WHOSE[entry.whose], str(count), example, *answers]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def shorten(line: str) -> str:
    return line if len(line) <= WIDEST else f"{line[: WIDEST // 2]} ... {line[-WIDEST // 2 :]}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
