"""A run for CI servers, as JUnit XML: a suite a route, a test a request."""

from __future__ import annotations

from xml.etree import ElementTree

from ...comparing.result import Outcome
from .report import Report, format_verdict, visible

_ELEMENTS = {Outcome.MISMATCHED: "failure", Outcome.INCONCLUSIVE: "error"}
"""No data is not green: an inconclusive request is an error."""


def render_junit(report: Report) -> str:
    """Return the run as an XML document; control characters, for which XML has no place, are as `visible` has them."""
    root = ElementTree.Element("testsuites")
    for one in report.summaries:
        results = [result for result in report.results if result.route == one.route]
        suite = ElementTree.SubElement(root, "testsuite", name=visible(one.route) or "(no route)")
        counts = {"tests": len(results), "failures": one.mismatched, "errors": one.inconclusive}
        suite.attrib |= {name: str(count) for name, count in counts.items()}
        for result in results:
            seconds = result.candidate.duration if result.candidate else 0.0
            names = {"name": visible(f"{result.case} #{result.step + 1}"), "classname": visible(one.route)}
            test = ElementTree.SubElement(suite, "testcase", names, time=f"{seconds:.4f}")
            if result.outcome in _ELEMENTS:
                text = "\n".join(map(format_verdict, result.verdicts)) or result.note
                text = visible(f"{text}\norigin: {origin}" if (origin := report.origins.get(result.case)) else text)
                ElementTree.SubElement(test, _ELEMENTS[result.outcome], message=text.partition("\n")[0]).text = text
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
