"""`pytest --gateway-record DIR`: a team's own Flask tests as cases, one a test, each with its database at the start.

Requests are taken from Werkzeug's test client, Flask's too, as they reach the app; the test sees nothing of it.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import werkzeug.test
from werkzeug.wsgi import ClosingIterator

from ....http.message import Exchange, Headers, Request, Response, end_to_end
from ....http.redaction.redaction import ids_given_out, secrets_of
from ..app_databases import NoStateError, OpenedDatabases, copy_database, database_of
from ..case import Case
from ..files import STATES, write_cases
from ..linking import link
from ..redacting import redact_case


@dataclass(slots=True)
class _Call:
    """One request of a test, with as much of its answer as the test has read."""

    request: Request
    status: int = 0
    headers: Headers = ()
    pieces: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class _Test:
    """A test that runs, with what it has asked so far."""

    name: str
    calls: list[_Call] = field(default_factory=list)
    state: str | None = None


class TestRecorder:
    """The plugin while it records; the files are written when pytest ends, one for each module of tests."""

    __test__ = False

    def __init__(self, config: pytest.Config, directory: Path, *, raw: bool) -> None:
        self._directory = directory
        self._raw = raw
        self._salt = secrets.token_bytes(32)
        self._worker = getattr(config, "workerinput", {}).get("workerid", "")
        self._opened = OpenedDatabases()
        self._test: _Test | None = None
        self._cases: dict[str, dict[str, Case]] = defaultdict(dict)
        self._reasons: Counter[str] = Counter()
        self._redacted = 0
        self._patch = pytest.MonkeyPatch()

    def pytest_sessionstart(self) -> None:
        """Observe every test client from here on."""
        run = _observed(werkzeug.test.run_wsgi_app, self._record)
        self._patch.setattr(werkzeug.test, "run_wsgi_app", run)  # Client looks it up for each request, of redirects too

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record one test, with its fixtures."""
        self._test = _Test(item.nodeid)
        try:
            return (yield)
        finally:
            self._finish(self._test)
            self._test = None

    def pytest_sessionfinish(self) -> None:
        """Write what was recorded: of tests/api/test_todos.py to tests-api-test_todos.toml, anew each time."""
        self._patch.undo()
        for module, cases in self._cases.items():
            name = re.sub(r"[^\w.-]+", "-", module.removesuffix(".py"))
            write_cases(self._directory, f"{name}{self._worker and f'-{self._worker}'}.toml", cases.values())

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how many cases there are, and which tests begin without their own database."""
        count = sum(map(len, self._cases.values()))
        terminalreporter.section("gateway")
        terminalreporter.line(f"recorded {count} cases in {self._directory}")
        if self._redacted:
            terminalreporter.line(
                f"{self._redacted} of them without their passwords, tokens and e-mails, so that a login in them fails "
                "on both sides; where tests hold no real ones, record with --gateway-record-raw"
            )
        for reason, tests in sorted(self._reasons.items()):
            terminalreporter.line(f"{tests} of them without their own database: {reason}")

    def _record(self, app: Any, call: _Call) -> None:
        if self._test is None:
            return
        if not self._test.calls:
            try:
                self._test.state = copy_database(database_of(app, self._opened), self._directory / STATES)
            except NoStateError as error:
                self._reasons[str(error)] += 1
        self._test.calls.append(call)

    def _finish(self, test: _Test) -> None:
        if not test.calls:
            return
        answers = [Response(call.status, call.headers, b"".join(call.pieces)) for call in test.calls]
        exchanges = [Exchange(end_to_end(call.request), one) for call, one in zip(test.calls, answers, strict=True)]
        case = Case(test.name, link(exchanges), source="tests", state=test.state, origin=f"recorded from {test.name}")
        if not self._raw:
            known = {secret for exchange in exchanges for secret in secrets_of(exchange)}
            redacted = redact_case(case, self._salt, known, ids_given_out(exchanges))
            self._redacted += redacted != case
            case = redacted
        self._cases[test.name.partition("::")[0]][test.name] = case


def _observed(run: Callable[..., Any], seen: Callable[[Any, _Call], object]) -> Callable[..., Any]:
    """Return what runs an app as `run` does, and first gives `seen` the app and the request.

    What an app runs inside, as Flask does with an HTTPException to have its answer, is no request of the test.
    """
    is_inside = ContextVar("is_inside", default=False)

    def observed(app: Any, environ: dict[str, Any], buffered: bool = False) -> Any:
        if is_inside.get():
            return run(app, environ, buffered=buffered)
        call = _Call(_request_of(environ))
        seen(app, call)
        token = is_inside.set(True)
        try:
            body, status, headers = run(app, environ, buffered=buffered)
        finally:
            is_inside.reset(token)
        call.status = int(status.split(None, 1)[0])
        call.headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
        if isinstance(body, list):
            call.pieces += body
            return body, status, headers

        def observed_body() -> Iterator[bytes]:
            for piece in body:
                call.pieces.append(piece)
                yield piece

        return ClosingIterator(observed_body(), getattr(body, "close", None)), status, headers

    return observed


def _request_of(environ: dict[str, Any]) -> Request:
    """Return the request of a WSGI environment (PEP 3333), its body left to be read again.

    The target is as the test wrote it where the client kept that, else quoted again. The body is empty where its stream
    cannot be rewound: another one is the app's alone to read.
    """
    headers = [
        (name[5:].replace("_", "-").lower(), value) for name, value in environ.items() if name.startswith("HTTP_")
    ]
    own = ("CONTENT_TYPE", "CONTENT_LENGTH")
    headers += [(key.replace("_", "-").lower(), environ[key]) for key in own if environ.get(key)]
    pairs = tuple((name.encode("latin-1"), str(value).encode("latin-1")) for name, value in headers)
    path = str(environ.get("REQUEST_URI", "")).partition("?")[0]
    if not path.startswith("/") or path.startswith("//") or environ.get("SCRIPT_NAME"):
        decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        path = quote(decoded.encode("latin-1"), safe="/:@!$&'()*+,;=~")
    query = environ.get("QUERY_STRING", "")
    target = f"{path or '/'}{'?' + query if query else ''}".encode("latin-1")
    stream: Any = environ.get("wsgi.input")
    try:
        at = stream.tell()
        body = bytes(stream.read())
        stream.seek(at)
    except (AttributeError, OSError):
        body = b""
    return Request(environ["REQUEST_METHOD"], target, pairs, body)
