"""What the admin pages of both sides show and let change: a column that is not named here is not to be seen there."""

from dataclasses import dataclass

from new_fastapi.models import (
    Department,
    Employee,
    Feedback,
    Model,
    Product,
    Route,
    Stop,
    Todo,
    Trip,
    TripStop,
    Upload,
    User,
)


@dataclass(frozen=True, slots=True)
class AdminTable:
    """A table and the fields of its form."""

    model: type[Model]
    fields: tuple[str, ...]
    read_only: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        return ("id", *self.fields)

    @property
    def title(self) -> str:
        return self.model.__tablename__.replace("_", " ").capitalize()


ADMIN_TABLES = (
    AdminTable(User, ("name", "email", "age")),
    AdminTable(Department, ("name",)),
    AdminTable(Employee, ("name", "role", "department")),
    AdminTable(Todo, ("title", "done")),
    AdminTable(Product, ("name", "price", "stock", "listed_at")),
    AdminTable(Route, ("name",)),
    AdminTable(Trip, ("route", "headsign")),
    AdminTable(Stop, ("name", "zone")),
    AdminTable(TripStop, ("trip", "stop", "position", "arrives")),
    AdminTable(Feedback, ("name", "message", "sent_at"), read_only=True),
    AdminTable(Upload, ("name", "size", "sha256"), read_only=True),
)
