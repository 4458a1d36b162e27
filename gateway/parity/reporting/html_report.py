"""A run as one self-contained HTML page: no script, no outside resource."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from ..summary import power_text
from .grouping import group_differences
from .report import Report, power_share, request_text
from .side_by_side import side_by_side
from .visible import visible


def render_html(report: Report) -> str:
    """The page. Its size hangs on the number of routes and of classes of difference, not of differences."""
    environment = Environment(
        loader=PackageLoader("gateway.parity.reporting"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"milliseconds": milliseconds, "request": request_text, "coded": coded}
    environment.globals |= {"side_by_side": side_by_side, "power_text": power_text, "power_share": power_share}
    template = environment.get_template("report.html")
    return template.render(
        report=report,
        groups=group_differences(report.results, report.generated),
        numbers={one.route: number for number, one in enumerate(report.summaries, 1)},
    )


def milliseconds(seconds: float) -> str:
    """Three digits that count: `0.41`, `3.2`, `128`."""
    value = seconds * 1000
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def coded(text: str) -> Markup:
    """What stands between backticks as `<code>`."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(visible(text)))))


def _finalized(value: object) -> object:
    """What the page says for a value; what is markup already is made of visible text."""
    return visible(value) if type(value) is str else value
