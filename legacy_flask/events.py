"""The first arrivals of the day as server-sent events; the stream ends after them."""

import json
import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import select

from legacy_flask.database import db
from new_fastapi.models import TripStop

blueprint = Blueprint("events", __name__)

EVENTS = 5
PAUSE = 0.02  # seconds between two events


@blueprint.get("/events")
def events() -> Response:
    calls = db().scalars(select(TripStop).order_by(TripStop.arrives, TripStop.id).limit(EVENTS))
    # Read before the stream starts: the session is closed when the view returns.
    arrivals = [arrival_json(call) for call in calls]
    return Response(stream(arrivals), mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})


def stream(arrivals: list[dict[str, Any]]) -> Iterator[str]:
    for number, arrival in enumerate(arrivals, start=1):
        yield f"id: {number}\nevent: arrival\ndata: {json.dumps(arrival)}\n\n"
        time.sleep(PAUSE)


def arrival_json(call: TripStop) -> dict[str, Any]:
    return {
        "trip": call.trip.id,
        "headsign": call.trip.headsign,
        "stop": call.stop.name,
        "arrives": call.arrives.isoformat(),
    }
