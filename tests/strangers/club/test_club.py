"""A members' site with Flask-Login, Flask-WTF and Flask-SQLAlchemy, whose factory takes the name of a configuration."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.strangers.harness import Ask, Stranger, StrangerTests


def prepare() -> None:
    from club import create_app, db  # type: ignore[import-not-found]
    from club.models import Member, Notice  # type: ignore[import-not-found]

    with create_app("production").app_context():
        db.create_all()
        ada = Member(
            email="ada@club.example", name="ada", is_admin=True, member_since=datetime.fromisoformat("2024-01-01")
        )
        ada.password = "the cat of ada"
        db.session.add(ada)
        db.session.flush()
        db.session.add_all(
            Notice(text=f"no. {day}", author_id=1, posted=datetime.fromisoformat(f"2024-01-0{day}"))
            for day in (1, 2, 3)
        )
        db.session.commit()
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


CSRF = {"csrf": 'name="csrf_token"[^>]* value="([^"]+)"'}
LOGIN = {"email": "ada@club.example", "password": "the cat of ada", "csrf_token": "{{csrf}}"}


class TestClub(StrangerTests):
    stranger = Stranger(
        directory=Path(__file__).parent,
        app='club:create_app("production")',
        prepare=prepare,
        talk=(
            Ask("GET /", 200),
            Ask("GET /?page=2", 200),
            Ask("GET /?page=x", 200),
            Ask("GET /notices.json", 200),
            Ask("GET /nothing", 404),
            Ask("PUT /", 405),
            Ask("OPTIONS /notices/1/delete", 200),
            Ask("GET /members/ada", 302),
            Ask("GET /auth/login?next=%2Fmembers%2Fada", 200, capture=CSRF),
            Ask("POST /auth/login", 400, form={**LOGIN, "csrf_token": "made-up"}),
            Ask("POST /auth/login", 400, form={"email": "ada@club.example"}),
            Ask("POST /auth/login", 200, form={**LOGIN, "password": "wrong"}),
            Ask("POST /auth/login", 200, form={**LOGIN, "email": "no e-mail"}),
            Ask("POST /auth/login?next=/members/ada", 302, form={**LOGIN, "remember_me": "y"}),
            Ask("GET /members/ada", 200),
            Ask("GET /", 200, capture=CSRF),
            Ask("POST /", 302, form={"text": "a notice", "csrf_token": "{{csrf}}"}),
            Ask("GET /", 200),
            Ask("POST /", 200, form={"text": "", "csrf_token": "{{csrf}}"}),
            Ask("POST /notices/2/delete", 302, {"X-CSRFToken": "{{csrf}}"}),
            Ask("POST /notices/2/delete", 404, {"X-CSRFToken": "{{csrf}}"}),
            Ask("POST /notices/1/delete", 400),
            Ask("GET /auth/logout", 302),
            Ask("GET /auth/logout", 302),
            Ask("GET /static/club.css?v=1", 200),
            Ask("HEAD /static/club.css", 200),
        ),
        random=(
            r"set-cookie: session=([\w.-]+);",
            r"set-cookie: remember_token=.*Expires=([^;]*);",
            r'name="csrf_token"[^>]* value="([^"]+)"',
            "last seen ([^<]*)<",
        ),
        parity="""\
database = "sqlite:///instance/club.sqlite"
environment = { DATABASE_URL = "{database}" }

[[parity.ignore]]
where = "cookie.session"
route = "GET /notices.json"
reason = "Flask-Login notes in every session that its login is not fresh; a public page need not"
""",
        moved="GET /notices.json",
    )
