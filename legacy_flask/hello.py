"""The smallest route."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

blueprint = Blueprint("hello", __name__)


@blueprint.get("/hello")
def hello() -> ResponseReturnValue:
    return jsonify(message="Hello from the depot")
