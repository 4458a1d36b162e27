"""What a view may return, by name: the values that Flask and FastAPI write differently, and some they write alike."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from typing import Any

AT = datetime(2024, 1, 2, 3, 4, 5, 678900)  # noqa: DTZ001 - naive on purpose


class Size(IntEnum):
    LARGE = 3


class Colour(str, Enum):  # noqa: UP042 - what older apps have
    RED = "sx"


class Plain(Enum):
    X = "x"


@dataclass
class Point:
    y: int = 2
    x: int = 1


VALUES: dict[str, Callable[[], Any]] = {
    "keys": lambda: {"b": 1, "a": 2},
    "text": lambda: {"text": "\u00e9\u2603\U0001f600 \u2028 \x7f"},
    "surrogate": lambda: {"text": "\ud800"},
    "naive": lambda: {"at": AT},
    "utc": lambda: {"at": AT.replace(tzinfo=UTC)},
    "offset": lambda: {"at": AT.replace(tzinfo=timezone(timedelta(hours=2)), microsecond=0)},
    "date": lambda: {"on": date(2024, 1, 2)},
    "time": lambda: {"at": time(3, 4, 5)},
    "timedelta": lambda: {"took": timedelta(seconds=90)},
    "decimal": lambda: {"price": Decimal("1.10"), "count": Decimal(5)},
    "uuid": lambda: {"id": uuid.UUID(int=7)},
    "int-enum": lambda: {"size": Size.LARGE},
    "str-enum": lambda: {"colour": Colour.RED},
    "dataclass": lambda: {"point": Point()},
    "enum": lambda: {"value": Plain.X},
    "set": lambda: {"value": {1}},
    "bytes": lambda: {"value": b"ab"},
    "path": lambda: {"value": PurePosixPath("/a")},
    "exception": lambda: {"value": ValueError("no")},
    "nan": lambda: {"value": float("nan")},
    "infinity": lambda: {"value": float("inf")},
    "small": lambda: {"value": 1e-7},
    "int-keys": lambda: {2: "b", 1: "a", 10: "c"},
    "none-key": lambda: {None: "a"},
    "true-key": lambda: {True: "a"},
    "mixed-keys": lambda: {"a": 1, 2: "b"},
}
ANNOTATIONS: dict[str, Any] = {
    "utc": dict[str, datetime],
    "timedelta": dict[str, timedelta],
    "decimal": dict[str, Decimal],
    "exception": dict[str, ValueError],
    "nan": dict[str, float],
    "small": dict[str, float],
}
"""Return annotations, with which FastAPI writes the same values by pydantic, and so differently."""
RETURNED: dict[str, Callable[[], Any]] = {
    "text": lambda: "hi",
    "empty": lambda: "",
    "none": lambda: None,
    "true": lambda: True,
    "five": lambda: 5,
    "bytes": lambda: b"raw",
    "generator": lambda: (piece for piece in ("one", "two")),
    "created": lambda: ({"id": 1}, 201),
    "created-headers": lambda: ({"id": 1}, 201, {"X-One": "1"}),
}
"""What a view returns as its answer as it stands."""
PRODUCT = {"id": 1, "price": 3, "count": "5", "unit_price": 2.5, "internal": "x"}
