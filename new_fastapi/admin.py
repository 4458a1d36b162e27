"""The admin pages, by sqladmin, for those who may sign in. Their cookie is their own: Flask's is called `session`."""

from fastapi import FastAPI
from sqladmin import Admin, ModelView
from sqladmin.authentication import AuthenticationBackend
from sqlalchemy.orm import sessionmaker
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from new_fastapi.admin_tables import ADMIN_TABLES, AdminTable
from new_fastapi.dependencies import AttemptLimit, open_session
from new_fastapi.models import User
from new_fastapi.settings import Settings
from new_fastapi.sign_in import authenticate


class SignIn(AuthenticationBackend):
    """The users who may sign in anywhere, with the same passwords."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.secret_key, session_cookie="depot_admin", same_site="strict")
        self._settings = settings

    async def login(self, request: Request) -> bool:
        await AttemptLimit("admin")(request, self._settings)
        form = await request.form()
        async with open_session(request) as session:
            email, password = (str(form.get(name, "")) for name in ("username", "password"))
            user = await run_in_threadpool(authenticate, session, email, password)
            if user is not None:
                request.session["user_id"] = user.id
        return user is not None

    async def logout(self, request: Request) -> bool:
        request.session.clear()
        return False  # on to the login page

    async def authenticate(self, request: Request) -> bool:
        user_id = request.session.get("user_id")
        if user_id is None:
            return False
        async with open_session(request) as session:
            return await run_in_threadpool(session.get, User, user_id) is not None


def mount_admin(app: FastAPI, settings: Settings, sessions: sessionmaker) -> None:
    """sqladmin's own sessions wait for a connection in the pool, in a worker thread: a few users' few pages."""
    admin = Admin(app, session_maker=sessions, title="Depot", authentication_backend=SignIn(settings))
    for table in ADMIN_TABLES:
        admin.add_view(view_of(table))


def view_of(table: AdminTable) -> type[ModelView]:
    """A new class for each app: sqladmin keeps the app's sessions in it."""

    class View(ModelView, model=table.model):
        name_plural = table.title
        column_list = column_details_list = column_export_list = table.columns
        column_sortable_list = ("id",)
        form_columns = table.fields
        can_create = can_edit = can_delete = not table.read_only

    return View
