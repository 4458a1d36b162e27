"""A bar chart as SVG: groups of bars with their values."""

from __future__ import annotations

from html import escape
from pathlib import Path

COLOURS = {
    "gunicorn gthread": "#9aa5b1",
    "FastAPI alone": "#9aa5b1",
    "FastAPI + a2wsgi": "#f0b429",
    "gateway": "#0b7285",
    "uvicorn alone": "#d5dbe1",
    "granian WSGI": "#d9c2a7",
}
ROW, GAP, LEFT, WIDTH = 18, 14, 190, 480


def bars(path: str, title: str, groups: dict[str, dict[str, float]]) -> None:
    """Write `groups` (group to bar to value) to `path`; a comma in a bar's name ends what its colour goes by."""
    y = 40
    scale = WIDTH / max(value for values in groups.values() for value in values.values())
    parts = [f'<text x="10" y="22" font-size="14" font-weight="bold">{escape(title)}</text>']
    for group, values in groups.items():
        parts.append(f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(group)}</text>')
        for name, value in values.items():
            width, colour = value * scale, COLOURS[name.partition(",")[0]]
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{ROW - 3}" fill="{colour}"/>')
            parts.append(f'<text x="{LEFT + width + 6:.1f}" y="{y + 12}" fill="#333">{value:.2f} {escape(name)}</text>')
            y += ROW
        y += GAP
    size = f'width="900" height="{y}" viewBox="0 0 900 {y}"'
    style = 'font-family="system-ui, sans-serif" font-size="12"'
    background = f'<rect width="900" height="{y}" fill="white"/>'
    body = "\n".join(parts)
    Path(path).write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{background}\n{body}\n</svg>\n')
