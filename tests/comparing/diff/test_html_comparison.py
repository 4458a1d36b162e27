"""HTML by its DOM."""

from __future__ import annotations

import pytest

from gateway.comparing.diff.html_comparison import compare_html, read_html
from tests.comparing.answers import Found, plain

PAGE = "<!doctype html><html><head><title>T</title></head><body>{}</body></html>"


def differences(control: str, candidate: str) -> Found:
    return plain(compare_html("body", read_html(control.encode()), read_html(candidate.encode())))


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        ("<p>a</p>\n  <p>b</p>", "<p>a</p><p>b</p>"),
        ('<a href="/x" id=y>z</a>', '<A id="y" HREF=/x>z</A>'),
        ("<p>it&#39;s &amp; &eacute;</p>", "<p>it's &#38; é</p>"),
        ("<p>a\n   b</p>", "<p>a b</p>"),
        ("<input disabled>", '<input disabled="">'),
        ("<br>", "<br/>"),
        ("<p id=a id=b>", "<p id=a>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>a<!-- one --></p>", "<p>a</p>"),
        ("<!DOCTYPE HTML><p>", "<!doctype html><p></p>"),
        ("</p></div>a", "a"),
        ("<textarea>\na</textarea>", "<textarea>a</textarea>"),
        ("<pre>\r\n</pre>", "<pre></pre>"),
        ("<p>a <!-- one --> b</p>", "<p>a b</p>"),
        ("<p>a</p><!doctype html>", "<p>a</p>"),
    ],
)
def test_no_difference(control: str, candidate: str) -> None:
    assert differences(control, candidate) == []


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        ("<p>a</p>", "<p>b</p>", [("body.p[0].text[0]", '"a"', '"b"')]),
        ("<a href=/x>z</a>", "<a href=http://t/x>z</a>", [("body.a[0].@href", '"/x"', '"http://t/x"')]),
        ("<p class=a>z</p>", "<p>z</p>", [("body.p[0].@class", '"a"', None)]),
        ("<ul><li>a</ul>", "<ul><li>a<li>b</ul>", [("body.ul[0].li[1]", None, "<li>b</li>")]),
        ("<p>a</p>", "<p></p>", [("body.p[0].text[0]", '"a"', None)]),
        ("<p>a</p><b>c</b>", "<b>c</b><p>a</p>", [("body", "(in this order: p, b)", "(in this order: b, p)")]),
        ("<pre>a\n b</pre>", "<pre>a b</pre>", [("body.pre[0].text[0]", r'"a\n b"', '"a b"')]),
        ("<!doctype html><p>", "<p>", [("body.@doctype", '"doctype html"', None)]),
        (PAGE.format("<p>a"), PAGE.format("<p>b"), [("body.html.body.p[0].text[0]", '"a"', '"b"')]),
        ("<p>&nbsp;</p>", "<p></p>", [("body.p[0].text[0]", '"\xa0"', None)]),
        ("<p>\u3000</p>", "<p> </p>", [("body.p[0].text[0]", '"\u3000"', None)]),
        ("<p>\v</p>", "<p></p>", [("body.p[0].text[0]", r'"\u000b"', None)]),
        ("<textarea>  \n </textarea>", "<textarea></textarea>", [("body.textarea[0].text[0]", r'"  \n "', None)]),
        ("<pre>\n\n</pre>", "<pre>\n</pre>", [("body.pre[0].text[0]", r'"\n"', None)]),
        ("<pre><b>a</b> </pre>", "<pre><b>a</b></pre>", [("body.pre[0].text[0]", '" "', None)]),
        ("<script>\n</script>", "<script></script>", [("body.script[0].text[0]", r'"\n"', None)]),
        ("<style>a", "<style>b", [("body.style[0].text[0]", '"a"', '"b"')]),
        ("<textarea><!--a--></textarea>", "<textarea></textarea>", [("body.textarea[0].text[0]", '"<!--a-->"', None)]),
        ("<title><?a></title>", "<title></title>", [("body.title[0].text[0]", '"<?a>"', None)]),
        ("<svg><![CDATA[a]]></svg>", "<svg></svg>", [("body.svg[0].text[0]", '"<![CDATA[a]]>"', None)]),
        ("a<!-- 1 --> <!-- 2 -->b", "ab", [("body.text[0]", '"a b"', '"ab"')]),
        ("<p>a</p><!doctype html>", "<!doctype html><p>a</p>", [("body.@doctype", None, '"doctype html"')]),
        ("<p>é</p>", "<p>Ã©</p>", [("body.p[0].text[0]", '"é"', '"Ã©"')]),
    ],
)
def test_every_difference_has_its_path(control: str, candidate: str, expected: Found) -> None:
    assert differences(control, candidate) == expected


def test_the_charset_of_the_answer_is_used() -> None:
    tree = read_html("<p>é</p>".encode("latin-1"), "iso-8859-1")
    assert list(compare_html("body", tree, read_html("<p>é</p>".encode()))) == []
    assert read_html(b"<p>a", "nonsense").children


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "nonsense"])
@pytest.mark.parametrize("other", [b"<p>\xe8", "<p>\N{REPLACEMENT CHARACTER}".encode()])
def test_bytes_that_are_no_text_are_none_other(other: bytes, charset: str) -> None:
    sides = (read_html(body, charset) for body in (b"<p>\xe9", other))
    assert [found.where for found in compare_html("body", *sides)] == ["body.p[0].text[0]"]


def test_a_section_that_no_parser_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown status keyword"):
        read_html(b"<![x[y]]>")


def test_a_tree_too_deep_to_walk_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 256 elements within each other"):
        read_html(b"<div>" * 5_000)
