"""The two headers that the gateway may add to a side's answer. Nothing else of an answer is touched."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import Message, Send

from ..routing.decision import Decision


def adding_headers(send: Send, decision: Decision, *, served_by: bool) -> Send:
    """Return a `send` that adds `X-Served-By`, where asked for, and completes `Allow` on a path that is split."""

    def completed(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            headers, allow = [], set(decision.allow)
            for name, value in message.get("headers", ()):
                if allow and name.lower() == b"allow":
                    allow |= {method.strip() for method in value.decode("latin-1").split(",") if method.strip()}
                else:
                    headers.append((name, value))
            if allow:
                headers.append((b"allow", ", ".join(sorted(allow)).encode("latin-1")))
            if served_by:
                headers.append((b"x-served-by", decision.backend.value.encode()))
            message = {**message, "headers": headers}
        return send(message)

    return completed
