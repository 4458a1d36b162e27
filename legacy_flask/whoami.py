"""Who signs in with HTTP Basic, read by hand: e-mail and password."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from legacy_flask.login import authenticate
from legacy_flask.users import user_json

blueprint = Blueprint("whoami", __name__)


@blueprint.get("/whoami")
def whoami() -> ResponseReturnValue:
    sent = request.authorization
    user = authenticate(sent.username, sent.password) if sent and sent.type == "basic" else None
    if user is None:
        message = "wrong e-mail or password" if sent else "sign in with HTTP Basic"
        return jsonify(error=message), 401, {"WWW-Authenticate": 'Basic realm="Depot"'}
    return jsonify(user_json(user))
