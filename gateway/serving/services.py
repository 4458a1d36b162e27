"""What runs beside the requests, from the start of both apps to their end."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Service(Protocol):
    """Something that the gateway starts once both apps are up and stops before they go down."""

    async def start(self) -> None:
        """Begin; must not take long, for the server waits."""

    async def stop(self, seconds: float) -> None:
        """End within this time; what is not done by then is given up."""
