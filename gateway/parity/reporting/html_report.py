"""A run as one self-contained HTML page: no script, no outside resource."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from ..summary import defect_rate_text
from .report import Report, format_defect_rate, format_request, visible
from .side_by_side import side_by_side


def render_html(report: Report) -> str:
    """Return the page. Its size hangs on the number of routes and of classes of difference, not of differences."""
    environment = Environment(
        loader=PackageLoader("gateway.parity.reporting"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,  # Markup is made of visible text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"milliseconds": milliseconds, "request": format_request, "coded": coded}
    environment.globals |= {each.__name__: each for each in (side_by_side, defect_rate_text, format_defect_rate)}
    template = environment.get_template("report.html")
    numbers = {one.route: number for number, one in enumerate(report.summaries, 1)}
    return template.render(report=report, classes=report.classes, numbers=numbers)


def milliseconds(seconds: float) -> str:
    """Return a duration in milliseconds with three digits that count: `0.41`, `3.2`, `128`."""
    value = seconds * 1000
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def coded(text: str) -> Markup:
    """Return a text as HTML, with what stands between backticks as `<code>`."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(visible(text)))))
