"""What every JSON view shares: how it reads a body and how it refuses."""

from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue


class ApiError(Exception):
    """A refusal: the client gets the status and `{"error": message}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def init_app(app: Flask) -> None:
    app.register_error_handler(ApiError, answer_error)


def answer_error(error: ApiError) -> ResponseReturnValue:
    return jsonify(error=error.message), error.status


def json_body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "a JSON object is required as the body")
    return body
