"""An app of the benchmarks as `gateway serve` runs one, on a free port, but without the gateway. Its name: argv[1]."""

from __future__ import annotations

import asyncio
import sys

import uvicorn

from gateway.serving.http_protocol import HTTPProtocol
from gateway.serving.interpreter import SettledHeap, share_interpreter
from tests.benchmarks import apps

if __name__ == "__main__":
    share_interpreter()
    asyncio.run(SettledHeap().start())
    uvicorn.run(getattr(apps, sys.argv[1]), http=HTTPProtocol, loop="uvloop", port=0, access_log=False)
