"""A run as one self-contained HTML page: no script, no outside resource."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ..judging.summary import power_text
from .grouping import group_differences
from .report import Report, request_text
from .side_by_side import side_by_side


def render_html(report: Report) -> str:
    """The page. Its size hangs on the number of routes and of classes of difference, not of differences."""
    environment = Environment(
        loader=PackageLoader("gateway.parity.reporting"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"milliseconds": milliseconds, "request": request_text}
    environment.globals |= {"side_by_side": side_by_side, "power_text": power_text}
    template = environment.get_template("report.html")
    return template.render(report=report, groups=group_differences(report.results, report.generated))


def milliseconds(seconds: float) -> str:
    """Three digits that count: `0.41`, `3.2`, `128`."""
    value = seconds * 1000
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
