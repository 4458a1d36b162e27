"""urllib3, which Schemathesis needs, binds a socket when it is first imported: here, so that no test seems to."""

from __future__ import annotations

import urllib3  # noqa: F401
