"""Two HTML documents by their DOM: whitespace between tags, order of attributes and comments do not count. Pure.

`body.html.body.ul[0].li[2].text[0]`: an index counts the siblings of one kind from 0; `.@href` is an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import zip_longest
from typing import TypeVar

from ..location import member
from ..result import Difference
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

T = TypeVar("T")


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
    """The document's tree; what is not HTML is text, and bytes that are no text are lone surrogates.

    Raises ValueError when it is deeper than `_MAX_DEPTH`, or when no text can be made of it.
    """
    reader = _Reader()
    try:
        reader.feed(_text(body, charset))
        reader.close()
    except AssertionError as error:  # html.parser's own, of `<![x]>`
        raise ValueError(str(error)) from error
    return reader.document


def compare_html(where: str, control: Element, candidate: Element) -> Iterator[Difference]:
    """Every place where two elements differ: attributes, then children, each with its like on the other side."""
    for name in sorted({*control.attributes, *candidate.attributes}):
        ours, theirs = control.attributes.get(name), candidate.attributes.get(name)
        yield from unequal(f"{where}.@{name}", _quoted(ours), _quoted(theirs))
    ours_of, theirs_of = _by_kind(control), _by_kind(candidate)
    if {kind: len(found) for kind, found in ours_of.items()} == {kind: len(found) for kind, found in theirs_of.items()}:
        yield from unequal(where, _kinds(control), _kinds(candidate))
    for kind in dict.fromkeys((*ours_of, *theirs_of)):
        pairs = zip_longest(ours_of.get(kind, ()), theirs_of.get(kind, ()))
        for index, (one, other) in enumerate(pairs):
            place = member(where, kind) if kind in _SINGLE and index == 0 else f"{member(where, kind)}[{index}]"
            if isinstance(one, Element) and isinstance(other, Element):
                yield from compare_html(place, one, other)
            else:
                yield from unequal(place, _shown(one), _shown(other))


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "surrogateescape")
    except LookupError:
        return body.decode("utf-8", "surrogateescape")


def _quoted(text: str | None) -> str | None:
    return None if text is None else quoted(text)


def _shown(node: Element | str | None) -> str | None:
    return str(node) if isinstance(node, Element) else _quoted(node)


def _kind(node: Element | str) -> str:
    return "text" if isinstance(node, str) else node.tag


def _kinds(element: Element) -> str:
    return described("in this order: " + ", ".join(_kind(child) for child in element.children))


def _by_kind(element: Element) -> dict[str, list[Element | str]]:
    found: dict[str, list[Element | str]] = {}
    for child in element.children:
        found.setdefault(_kind(child), []).append(child)
    return found


class _Reader(HTMLParser):
    """Builds the tree, forgiving as browsers are, though not by all of their rules."""

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
        """One that follows anything else is none."""
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
        """CDATA is text in SVG, MathML and XHTML; as it stands here it is like no other text."""
        if data.startswith("CDATA["):
            self.handle_data(f"<![{data}]]>")

    def _take_plain(self, markup: str) -> None:
        if self._is_within(_PLAIN):
            self.handle_data(markup)

    def _is_within(self, tags: frozenset[str]) -> bool:
        return any(element.tag in tags for element in self._open)

    def _end_text(self) -> None:
        """All since the last tag is one text, whatever comments stood in it."""
        text, parent = "".join(self._pieces), self._open[-1]
        self._pieces.clear()
        if not self._is_within(_VERBATIM):
            text = re.sub(r"[ \t\r\n\f]+", " ", text)
            text = "" if text == " " else text
        elif parent.tag in _DROPS_NEWLINE and not parent.children:
            text = re.sub(r"\A\r?\n", "", text)
        if text:
            parent.children.append(text)
