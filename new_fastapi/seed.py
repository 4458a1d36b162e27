"""The first data: equal on every start, written once, however many starters there are at the same moment."""

from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal

from sqlalchemy import Connection, Engine, exists, or_, select
from sqlalchemy.orm import Session

from new_fastapi.database import exclusive
from new_fastapi.migrations import upgrade
from new_fastapi.models import Department, Employee, Model, Product, Route, Stop, Todo, Trip, TripStop, User

PASSWORD = "depot-demo"
PASSWORD_HASH = (
    "scrypt:32768:8:1$1OeiNudY4yp4sPQx$119d06df93311c26dc1c717e18a0376fa5f6b5f3889251ce44e128759de78b35"
    "1427384bda0b753afa2f977f65b4789c301a58d152a3d3a754322ab62c7348a1"
)

USERS = (
    ("Ada Morgan", "ada@example.com", 36),
    ("Bram de Vries", "bram@example.com", 41),
    ("Chloé Laurent", "chloe@example.com", 29),
    ("Dmitri Orlov", "dmitri@example.com", 53),
    ("Esi Mensah", "esi@example.com", 33),
    ("Farid Haddad", "farid@example.com", 47),
)
EMPLOYEES = {
    "Operations": (
        ("Greta Lind", "dispatcher"),
        ("Hugo Sá", "driver"),
        ("Ines Ferrari", "driver"),
        ("Jonas Beck", "driver"),
        ("Keiko Mori", "driver"),
    ),
    "Workshop": (
        ("Liam Byrne", "mechanic"),
        ("Mira Novak", "electrician"),
        ("Niall Quinn", "mechanic"),
        ("Olga Petrova", "workshop lead"),
    ),
    "Office": (
        ("Pía Soto", "accountant"),
        ("Quentin Marsh", "timetable planner"),
        ("Rosa Keller", "customer care"),
    ),
}
TODOS = (
    ("Replace the wiper on bus 14", False),
    ("Order winter tyres", False),
    ("Print the spring timetable", True),
    ("Call the city about the stop at Café Lumière", False),
    ("Renew the first-aid kits", True),
    ("Check tyres & brakes of bus 7", False),
    ("Train two drivers on line 30", False),
    ("Empty the lost-property box", True),
)
PRODUCTS = (
    ("Single ticket", "1.10", 5000, "2024-01-02T03:04:05.678900"),
    ("Day pass", "5", 1200, "2024-01-02T09:00:00"),
    ("Week pass", "19.90", 800, "2024-01-15T09:30:00"),
    ("Month pass", "64.00", 400, "2024-02-01T00:00:00"),
    ("Student month pass", "38.50", 250, "2024-02-01T00:00:01"),
    ("Bike ticket", "2.5", 600, "2024-03-10T12:00:00"),
    ("Network map", "0", 90, "2024-03-10T12:05:00"),
    ("Bus 7 model, 1:87", "24.95", 12, "2024-05-01T08:00:00"),
    ("Mug “Näxt stop”", "9.99", 40, "2024-06-21T18:45:30"),
    ("Group ticket <10 people>", "12.30", 300, "2024-12-31T23:59:59.999999"),
)
STOPS = (
    ("Harbour", 1),
    ("Market Square", 1),
    ("Town Hall", 1),
    ("Café Lumière", 1),
    ("Hospital", 2),
    ("University", 2),
    ("Airport", 3),
)
# Each route: the stops it calls at, its first departure, the minutes between two calls.
ROUTES = {
    "10 Harbour - Hospital": (("Harbour", "Market Square", "Town Hall", "Hospital"), 7 * 60, 5),
    "20 University - Market": (("University", "Café Lumière", "Market Square"), 7 * 60 + 12, 7),
    "30 Town Hall - Airport": (("Town Hall", "Hospital", "University", "Airport"), 8 * 60 + 30, 11),
}


def prepare(engine: Engine) -> None:
    """Bring the schema to its newest revision; seed a database that is empty."""
    try:
        with exclusive(engine) as connection:
            upgrade(connection)
            if _is_empty(connection):
                with Session(connection) as session:
                    session.add_all(_rows())
                    session.flush()
    finally:
        # A server that loads the app before it forks must not share an open connection with its children.
        engine.dispose()


def _is_empty(connection: Connection) -> bool:
    rows = (exists().select_from(table) for table in Model.metadata.sorted_tables)
    return not connection.scalar(select(or_(*rows)))


def _rows() -> Iterator[Model]:
    for name, email, age in USERS:
        yield User(name=name, email=email, age=age, password_hash=PASSWORD_HASH)
    for department_name, people in EMPLOYEES.items():
        department = Department(name=department_name)
        yield from (Employee(name=name, role=role, department=department) for name, role in people)
    yield from (Todo(title=title, done=done) for title, done in TODOS)
    for name, price, stock, listed_at in PRODUCTS:
        listed = datetime.fromisoformat(listed_at)
        yield Product(name=name, price=Decimal(price), stock=stock, listed_at=listed)
    yield from _network()


def _network() -> Iterator[Model]:
    """Every route there and, an hour later, back."""
    stops = {name: Stop(name=name, zone=zone) for name, zone in STOPS}
    yield from stops.values()
    for route_name, (calls, start, gap) in ROUTES.items():
        route = Route(name=route_name)
        yield route
        for order, departs in ((calls, start), (calls[::-1], start + 60)):
            trip = Trip(route=route, headsign=order[-1])
            yield trip
            for position, stop_name in enumerate(order):
                hour, minute = divmod(departs + position * gap, 60)
                arrives = time(hour, minute)
                yield TripStop(trip=trip, stop=stops[stop_name], position=position + 1, arrives=arrives)
