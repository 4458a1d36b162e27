"""Plain WSGI middleware around the whole app."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ProcessTime:
    """Adds X-Process-Time, the seconds until the response starts."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started = time.perf_counter()

        def start_timed(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            seconds = time.perf_counter() - started
            return start_response(status, [*headers, ("X-Process-Time", f"{seconds:.6f}")], *exc_info)

        return self.app(environ, start_timed)
