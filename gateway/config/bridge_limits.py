"""Limit how much of the Flask app runs at a time: the `[bridge]` table of the map."""

from __future__ import annotations

from dataclasses import dataclass, fields

from . import checks
from .table_reader import Schema


@dataclass(frozen=True, slots=True)
class BridgeLimits:
    """Say how many views, streams and waiting requests the bridge has in each process, and how large and how long."""

    workers: int = 40
    """Views that run or wait at once; fewer while they fill the interpreter."""
    streams: int = 200
    """Long or slow answers that are sent at once, beside the views."""
    queue: int = 400
    """Requests that wait for a worker; one more is refused with 503."""
    wait_seconds: int = 10
    """Seconds that a request waits for a worker before it is refused with 503."""
    spool_mib: int = 64
    """MiB of a request body that are read before its view starts; a longer one its view reads as it comes."""
    spool_total_mib: int = 1024
    """MiB of the temporary disk that all bodies may take; beyond, a view reads its body as it comes."""


BRIDGE = Schema(
    {limit.name: checks.count("is no limit; write a whole number above 0") for limit in fields(BridgeLimits)},
    kind="limit",
    renamed={"wait": "wait_seconds", "spool": "spool_mib"},
)
"""The settings of `[bridge]`."""
