"""Three trees over the same four tables: each part is written once, each tree is loaded before it is read."""

from datetime import time

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.orm import joinedload, raiseload

from new_fastapi.dependencies import RowId, SessionDep, find
from new_fastapi.models import Route, Stop, Trip, TripStop

router = APIRouter(tags=["transit"])


class RouteOut(BaseModel):
    id: int
    name: str


class TripOut(BaseModel):
    id: int
    headsign: str


class StopOut(BaseModel):
    id: int
    name: str
    zone: int


class TripStopOut(BaseModel):
    position: int
    arrives: time


class TripWithRoute(TripOut):
    route: RouteOut


class CallAtStop(TripStopOut):
    stop: StopOut


class CallOfTrip(TripStopOut):
    trip: TripWithRoute


class TripWithStops(TripOut):
    trip_stops: list[CallAtStop]


class RouteTree(RouteOut):
    trips: list[TripWithStops]


class StopTree(StopOut):
    trip_stops: list[CallOfTrip]


class TripTree(TripWithStops, TripWithRoute):
    """A trip, its route and the stops it calls at."""


# What a tree does not name must not be loaded row by row behind our back.
NOTHING_ELSE = raiseload("*")


@router.get("/routes/{route_id}", response_model=RouteTree)
def read_route(route_id: RowId, session: SessionDep) -> Route:
    stops = joinedload(Route.trips).joinedload(Trip.trip_stops).joinedload(TripStop.stop)
    return find(session, Route, route_id, stops, NOTHING_ELSE)


@router.get("/stops/{stop_id}", response_model=StopTree)
def read_stop(stop_id: RowId, session: SessionDep) -> Stop:
    routes = joinedload(Stop.trip_stops).joinedload(TripStop.trip).joinedload(Trip.route)
    return find(session, Stop, stop_id, routes, NOTHING_ELSE)


@router.get("/trips/{trip_id}/stops", response_model=TripTree)
def read_trip(trip_id: RowId, session: SessionDep) -> Trip:
    stops = joinedload(Trip.trip_stops).joinedload(TripStop.stop)
    return find(session, Trip, trip_id, stops, joinedload(Trip.route), NOTHING_ELSE)
