"""Two HTML documents by their DOM: whitespace between tags, order of attributes and comments do not count. Pure.

`body.html.body.ul[0].li[2].text[0]`: an index counts the siblings of one kind from 0; `.@href` is an attribute.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import zip_longest

from ..result import Difference, member
from .difference_text import described, quoted, unequal

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_VERBATIM = frozenset({"pre", "textarea", "script", "style"})
_PLAIN = frozenset({"textarea", "title"})
"""Elements in which a comment is text."""
_DROPS_NEWLINE = frozenset({"pre", "textarea"})
"""Elements whose text begins after a newline, where one follows the start tag (WHATWG HTML, 13.2.6.4.7)."""
_SINGLE = frozenset({"html", "head", "body"})
_CLOSED_BY = {
    "li": {"li"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "tr": {"tr", "td", "th"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "option": {"option"},
    "p": {"p"},
}
"""Open elements that a start tag ends without their end tags."""
_MAX_DEPTH = 256
"""Elements within each other; browsers stop at 512."""


@dataclass(slots=True)
class Element:
    """One element, or the document itself (an element without a tag)."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def __str__(self) -> str:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in sorted(self.attributes.items()))
        inside = "".join(child if isinstance(child, str) else str(child) for child in self.children)
        return f"<{self.tag}{attributes}>{inside}</{self.tag}>"


def read_html(body: bytes, charset: str = "utf-8") -> Element:
    """Return the document's tree; what is not HTML is text, and bytes that are no text are lone surrogates.

    An unknown charset is read as UTF-8. Raises ValueError when the document is deeper than `_MAX_DEPTH`, or when
    no text can be made of it.
    """
    try:
        text = body.decode(charset, "surrogateescape")
    except LookupError:
        text = body.decode("utf-8", "surrogateescape")
    builder = _TreeBuilder()
    try:
        builder.feed(text)
        builder.close()
    except AssertionError as error:  # html.parser's own, of `<![x]>`
        raise ValueError(str(error)) from error
    return builder.document


def compare_html(where: str, control: Element, candidate: Element) -> Iterator[Difference]:
    """Yield every difference of two elements: attributes, then children, each with its like on the other side."""
    for name in sorted({*control.attributes, *candidate.attributes}):
        attributes = (_format_node(side.attributes.get(name)) for side in (control, candidate))
        yield from unequal(f"{where}.@{name}", *attributes)
    before, after = _by_kind(control), _by_kind(candidate)
    if Counter(map(_kind, control.children)) == Counter(map(_kind, candidate.children)):
        orders = (", ".join(map(_kind, side.children)) for side in (control, candidate))
        yield from unequal(where, *(described(f"in this order: {order}") for order in orders))
    for kind in dict.fromkeys((*before, *after)):
        pairs = zip_longest(before.get(kind, ()), after.get(kind, ()))
        for index, (one, other) in enumerate(pairs):
            location = member(where, kind) if kind in _SINGLE and index == 0 else f"{member(where, kind)}[{index}]"
            if isinstance(one, Element) and isinstance(other, Element):
                yield from compare_html(location, one, other)
            else:
                yield from unequal(location, _format_node(one), _format_node(other))


def _format_node(node: Element | str | None) -> str | None:
    if isinstance(node, str):
        return quoted(node)
    return None if node is None else str(node)


def _kind(node: Element | str) -> str:
    return "text" if isinstance(node, str) else node.tag


def _by_kind(element: Element) -> dict[str, list[Element | str]]:
    found: dict[str, list[Element | str]] = {}
    for child in element.children:
        found.setdefault(_kind(child), []).append(child)
    return found


class _TreeBuilder(HTMLParser):
    """Builder of the tree, forgiving as browsers are, though not by all of their rules."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Element("")
        self._open = [self.document]
        self._pieces: list[str] = []

    def close(self) -> None:
        super().close()
        self.handle_data(self.rawdata)  # of a script that does not end
        self._end_text()

    def handle_decl(self, decl: str) -> None:
        """Keep a doctype that nothing precedes; any other is none."""
        self._end_text()
        if not self.document.children:
            self.document.attributes.setdefault("doctype", " ".join(decl.lower().split()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_text()
        while self._open[-1].tag in _CLOSED_BY.get(tag, ()):
            self._open.pop()
        attributes = {name: value or "" for name, value in reversed(attrs)}  # of two of a name, the first counts
        element = Element(tag, attributes)
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)
        if len(self._open) > _MAX_DEPTH:
            raise ValueError(f"more than {_MAX_DEPTH} elements within each other")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self._open) - 1, 0, -1):
            if self._open[at].tag == tag:
                self._end_text()
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        self._pieces.append(data)

    def handle_comment(self, data: str) -> None:
        self._take_plain(f"<!--{data}-->")

    def handle_pi(self, data: str) -> None:
        self._take_plain(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        """Take CDATA as text, as SVG, MathML and XHTML do; as it stands here it is like no other text."""
        if data.startswith("CDATA["):
            self.handle_data(f"<![{data}]]>")

    def _take_plain(self, markup: str) -> None:
        if self._is_within(_PLAIN):
            self.handle_data(markup)

    def _is_within(self, tags: frozenset[str]) -> bool:
        return any(element.tag in tags for element in self._open)

    def _end_text(self) -> None:
        """Add what came since the last tag as one text, whatever comments stood in it."""
        text, parent = "".join(self._pieces), self._open[-1]
        self._pieces.clear()
        if not self._is_within(_VERBATIM):
            text = re.sub(r"[ \t\r\n\f]+", " ", text)
            text = "" if text == " " else text
        elif parent.tag in _DROPS_NEWLINE and not parent.children:
            text = re.sub(r"\A\r?\n", "", text)
        if text:
            parent.children.append(text)
