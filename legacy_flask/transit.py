"""Three trees over the same four tables, as three marshmallow schemas."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from legacy_flask.database import get_or_404
from new_fastapi.models import Route, Stop, Trip

blueprint = Blueprint("transit", __name__)


class RouteSchema(Schema):
    """A route; with its trips, their calls and the stops of those."""

    id = fields.Integer()
    name = fields.String()
    trips = fields.List(fields.Nested(lambda: TripSchema(exclude=["route"])))


class TripSchema(Schema):
    """A trip; with its route, its calls and their stops."""

    id = fields.Integer()
    headsign = fields.String()
    route = fields.Nested(RouteSchema(exclude=["trips"]))
    trip_stops = fields.List(fields.Nested(lambda: TripStopSchema(exclude=["trip"])))


class StopSchema(Schema):
    """A stop; with every call there, its trip and that trip's route."""

    id = fields.Integer()
    name = fields.String()
    zone = fields.Integer()
    trip_stops = fields.List(fields.Nested(lambda: TripStopSchema(exclude=["stop"])))


class TripStopSchema(Schema):
    """A call: at a stop if seen from its trip, of a trip if seen from its stop."""

    position = fields.Integer()
    arrives = fields.Time()
    trip = fields.Nested(TripSchema(exclude=["trip_stops"]))
    stop = fields.Nested(StopSchema(exclude=["trip_stops"]))


@blueprint.get("/routes/<int:route_id>")
def read_route(route_id: int) -> ResponseReturnValue:
    return jsonify(RouteSchema().dump(get_or_404(Route, route_id)))


@blueprint.get("/stops/<int:stop_id>")
def read_stop(stop_id: int) -> ResponseReturnValue:
    return jsonify(StopSchema().dump(get_or_404(Stop, stop_id)))


@blueprint.get("/trips/<int:trip_id>/stops")
def read_trip(trip_id: int) -> ResponseReturnValue:
    return jsonify(TripSchema().dump(get_or_404(Trip, trip_id)))
