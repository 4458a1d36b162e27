"""Apps that are mounted, rules without methods, odd methods, aliases; Flask-Session and Flask-Babel."""

from __future__ import annotations

from pathlib import Path

from tests.strangers.harness import Ask, Stranger, StrangerTests


class TestPortal(StrangerTests):
    stranger = Stranger(
        directory=Path(__file__).parent,
        app="portal:create_app",
        talk=(
            Ask("GET /", 200),
            Ask("GET /", 200, {"Accept-Language": "de;q=0.8, fr"}),
            Ask("GET /?lang=de", 200),
            Ask("GET /", 200),
            Ask("GET /index", 308),
            Ask("GET /home", 308),
            Ask("HEAD /", 200),
            Ask("OPTIONS /cache/x", 200),
            Ask("PURGE /cache/a/b", 200),
            Ask("LINK /cache/a", 200),
            Ask("POST /cache/a", 405),
            Ask("GET /sum/1+2+39", 200),
            Ask("GET /sum/1+", 404),
            Ask("GET /sum/a", 500),
            Ask("POST /report", 200),
            Ask("DELETE /reports/1999", 200),
            Ask("GET /reports/1999/sales/", 200),
            Ask("GET /paper/1999", 308),
            Ask("GET /private", 302),
            Ask("POST /login", 401, form={"user": "root", "password": "x"}),
            Ask("POST /login", 303, form={"user": "root", "password": "toor"}),
            Ask("GET /private", 200),
            Ask("GET /private", 200, {"X-Forwarded-Prefix": "/old"}),
            Ask("POST /logout", 204),
            Ask("GET /private?a=1", 302),
            Ask("GET /statistics", 308),
            Ask("GET /statistics/", 200),
            Ask("GET /statistics/months/5", 200),
            Ask("GET /statistics/months/13", 404),
            Ask("GET /metrics/deep", 200),
            Ask("PURGE /metrics", 200),
            Ask("GET /files/a.txt", 200),
        ),
        random=(r"set-cookie: session=([\w-]+);", "set-cookie: session=.*Expires=([^;]*);"),
        parity="""\
environment = { PORTAL_SESSIONS = "{directory}/sessions" }

[[parity.ignore]]
where = "cookie.session"
route = "GET /about"
reason = "this page counts no visits"

[[parity.ignore]]
where = "effect.files"
route = "GET /about"
reason = "so it has no session to write"
""",
        moved="GET /about",
    )
