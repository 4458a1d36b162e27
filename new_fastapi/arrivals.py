"""The next buses, as `/events` and `/live` announce them."""

from datetime import time

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from new_fastapi.models import Stop, Trip, TripStop


class Arrival(BaseModel):
    trip: int
    headsign: str
    stop: str
    arrives: time


def next_arrivals(session: Session, *, limit: int, stop_id: int | None = None) -> list[Arrival]:
    """The first `limit` of the day, at every stop or at one."""
    query = (
        select(Trip.id.label("trip"), Trip.headsign, Stop.name.label("stop"), TripStop.arrives)
        .join(TripStop.trip)
        .join(TripStop.stop)
        .order_by(TripStop.arrives, TripStop.id)
        .limit(limit)
    )
    if stop_id is not None:
        query = query.where(TripStop.stop_id == stop_id)
    return [Arrival(**row) for row in session.execute(query).mappings()]
