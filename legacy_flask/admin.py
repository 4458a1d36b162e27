"""The admin pages, by Flask-Admin, for those who have signed in."""

from importlib.util import find_spec
from typing import Any, ClassVar

from flask import Flask, abort, g
from flask_admin import Admin, AdminIndexView
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import SecureForm
from werkzeug.local import LocalProxy
from wtforms import DecimalField

from legacy_flask.database import db
from new_fastapi.admin_tables import ADMIN_TABLES, AdminTable


class RequestSession:
    """Where Flask-Admin looks for Flask-SQLAlchemy: whatever it asks for, it asks the request's own session."""

    session = LocalProxy(db)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # when the app is built, Flask-Admin looks for marks of its own
            raise AttributeError(name)
        return getattr(self.session, name)


class SignedIn:
    """A part of the admin pages that nobody else gets to see."""

    def is_accessible(self) -> bool:
        return g.user is not None

    def inaccessible_callback(self, _name: str, **_kwargs: Any) -> None:
        abort(403)


class IndexView(SignedIn, AdminIndexView):
    """The first page."""


class TableView(SignedIn, ModelView):
    """The pages of one table; their forms carry a CSRF token."""

    form_base_class = SecureForm
    can_view_details = True
    can_export = True
    # Flask-Admin has no field for our Money.
    form_overrides: ClassVar = {"price": DecimalField}
    form_args: ClassVar = {"price": {"places": None}}

    def __init__(self, table: AdminTable) -> None:
        self.column_list = self.column_details_list = self.column_export_list = table.columns
        self.column_display_pk = True
        self.form_columns = table.fields
        self.can_create = self.can_edit = self.can_delete = not table.read_only
        url = table.model.__tablename__
        super().__init__(table.model, RequestSession(), name=table.title, endpoint=f"admin_{url}", url=url)


def init_app(app: Flask) -> None:
    if find_spec("flask_babel"):  # Flask-Admin uses it wherever it is installed, and fails unless it is set up
        from flask_babel import Babel

        Babel(app)
    admin = Admin(app, name="Depot", index_view=IndexView())
    admin.add_views(*map(TableView, ADMIN_TABLES))
