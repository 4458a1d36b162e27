"""The benchmarks' gateway as `gateway serve` runs one: on a free port, without its access log."""

from __future__ import annotations

import uvicorn

from gateway.protocol import HTTPProtocol
from gateway.serving import share_interpreter
from tests.benchmarks.apps import gateway

if __name__ == "__main__":
    share_interpreter()
    uvicorn.run(gateway, http=HTTPProtocol, loop="uvloop", port=0, access_log=False)
