"""Depot's tables. They moved here first and import SQLAlchemy only: the Flask side uses the same classes."""

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TypeGuard

from sqlalchemy import BigInteger, Dialect, ForeignKey, Numeric, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator, TypeEngine

MAX_ID = 2**31 - 1  # what an Integer column holds on PostgreSQL
MAX_NAME = 80
MAX_EMAIL = 254
MAX_TITLE = 200
MAX_MESSAGE = 2000
MAX_UPLOAD_NAME = 500
MAX_LIMIT_KEY = 200
MAX_AGE = 150

NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
TEXT = r"^[^\x00]*$"  # the same for Pydantic, whose strings have no surrogates


def is_text(value: object) -> TypeGuard[str]:
    """Whether both stores can keep it: PostgreSQL's text has no NUL, and neither store takes half a surrogate pair."""
    return isinstance(value, str) and not NOT_TEXT.search(value)


class Money(TypeDecorator[Decimal]):
    """An exact amount with the digits it was given; SQLite has no such number, so there it is text."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Decimal] | TypeEngine[str]:
        return String(20) if dialect.name == "sqlite" else Numeric()

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Decimal | str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else Decimal(value)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Model(DeclarativeBase):
    """What every table class derives from. A row that others refer to has a `__str__`: admin pages show it."""


class User(Model):
    """A person who may sign in; without a password hash, one who may not."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    email: Mapped[str] = mapped_column(String(MAX_EMAIL), unique=True)
    age: Mapped[int]
    password_hash: Mapped[str | None] = mapped_column(String(200))


class Department(Model):
    """A part of the company."""

    __tablename__ = "departments"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME), unique=True)

    def __str__(self) -> str:
        return self.name


class Employee(Model):
    """A person who works in a department."""

    __tablename__ = "employees"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    role: Mapped[str] = mapped_column(String(MAX_NAME))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    department: Mapped[Department] = relationship()


class Todo(Model):
    """One thing to do in the depot."""

    __tablename__ = "todos"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(MAX_TITLE))
    done: Mapped[bool] = mapped_column(default=False)


class Product(Model):
    """Something that the ticket office sells."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    price: Mapped[Decimal] = mapped_column(Money)
    stock: Mapped[int]
    listed_at: Mapped[datetime]


class Route(Model):
    """A line of the network."""

    __tablename__ = "routes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    trips: Mapped[list["Trip"]] = relationship(back_populates="route", order_by="Trip.id")

    def __str__(self) -> str:
        return self.name


class Trip(Model):
    """One run of a bus along its route."""

    __tablename__ = "trips"

    id: Mapped[int] = mapped_column(primary_key=True)
    route_id: Mapped[int] = mapped_column(ForeignKey("routes.id"), index=True)
    headsign: Mapped[str] = mapped_column(String(MAX_NAME))
    route: Mapped[Route] = relationship(back_populates="trips")
    trip_stops: Mapped[list["TripStop"]] = relationship(back_populates="trip", order_by="TripStop.position")

    def __str__(self) -> str:
        return self.headsign


class Stop(Model):
    """A place where buses call."""

    __tablename__ = "stops"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    zone: Mapped[int]
    trip_stops: Mapped[list["TripStop"]] = relationship(back_populates="stop", order_by="TripStop.arrives")

    def __str__(self) -> str:
        return self.name


class TripStop(Model):
    """A trip's call at a stop."""

    __tablename__ = "trip_stops"

    id: Mapped[int] = mapped_column(primary_key=True)
    trip_id: Mapped[int] = mapped_column(ForeignKey("trips.id"), index=True)
    stop_id: Mapped[int] = mapped_column(ForeignKey("stops.id"), index=True)
    position: Mapped[int]
    arrives: Mapped[time]
    trip: Mapped[Trip] = relationship(back_populates="trip_stops")
    stop: Mapped[Stop] = relationship(back_populates="trip_stops")


class Feedback(Model):
    """What a passenger wrote to us."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    message: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(default=_now)


class Upload(Model):
    """What was read of an uploaded file, a row a reading: true of the file there now if size and time still agree."""

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_UPLOAD_NAME), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    changed_ns: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))


class LimitCount(Model):
    """How often a rate limit was hit since its window began."""

    __tablename__ = "limit_counts"

    key: Mapped[str] = mapped_column(String(MAX_LIMIT_KEY), primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[float]
