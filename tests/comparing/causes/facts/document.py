"""`python -m tests.comparing.causes.facts.document` writes docs/differences.md from the table of causes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.comparing.causes import SECTIONS
from gateway.comparing.causes.symptom import Cause

PAGE = Path(__file__).parents[4] / "docs" / "differences.md"
INTRODUCTION = """\
# What Flask and FastAPI answer differently

A parity run explains a difference by the first of these causes whose sign the two answers show, in this order; its
report names the cause and what to do about it. A difference without a cause is most likely a mistake of the port.
`tests/comparing/causes/facts` holds a pair of apps and the requests that show each of them."""


def document() -> str:
    """The page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    for title, causes in SECTIONS.items():
        yield f"\n## {title}"
        for cause in causes:
            yield from _entry(cause)


def _entry(cause: Cause) -> Iterator[str]:
    yield f"\n### `{cause.name}`\n"
    yield f"{_escaped(cause.title)}\n"
    yield f"*What to do:* {_escaped(cause.advice)}"


def _escaped(text: str) -> str:
    """Markdown with what stands outside of code taken literally."""
    parts = text.split("`")
    return "`".join(
        part.replace("*", "\\*").replace("<", "\\<") if at % 2 == 0 else part for at, part in enumerate(parts)
    )


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
