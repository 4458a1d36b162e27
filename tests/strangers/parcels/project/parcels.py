"""Parcels on their way: a JSON API with tokens, compressed answers, security headers and its own error bodies."""

import json
import os
import sqlite3
import uuid
from datetime import UTC, datetime, timedelta

from flask import Flask, Response, g, jsonify, request, url_for
from flask_compress import Compress
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from flask_talisman import Talisman
from werkzeug.exceptions import HTTPException
from werkzeug.security import check_password_hash

SCHEMA = """
CREATE TABLE IF NOT EXISTS clerks (name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS parcels (id TEXT PRIMARY KEY, weight REAL, address TEXT, state TEXT, clerk TEXT, at TEXT);
CREATE TABLE IF NOT EXISTS revoked (jti TEXT PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP);
"""
STATES = ("accepted", "on its way", "delivered")

app = Flask(__name__)
app.config["DATABASE"] = os.environ.get("PARCELS_DB", "parcels.sqlite")
app.config["JWT_SECRET_KEY"] = os.environ.get("PARCELS_SECRET", "a secret for signing that is long enough")
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(minutes=15)
app.config["COMPRESS_MIN_SIZE"] = 200
app.json.sort_keys = False
jwt = JWTManager(app)
Compress(app)
Talisman(app, force_https=False, session_cookie_secure=False)


def database():
    if "database" not in g:
        g.database = sqlite3.connect(app.config["DATABASE"], isolation_level=None)
        g.database.row_factory = sqlite3.Row
        g.database.execute("PRAGMA foreign_keys = ON")
    return g.database


@app.teardown_appcontext
def close(_error):
    if "database" in g:
        g.pop("database").close()


@app.errorhandler(HTTPException)
def as_json(error):
    response = error.get_response()
    response.data = json.dumps({"code": error.code, "name": error.name, "description": error.description})
    response.content_type = "application/json"
    return response


@jwt.user_lookup_loader
def load_clerk(_header, payload):
    return database().execute("SELECT name, role FROM clerks WHERE name = ?", [payload["sub"]]).fetchone()


@jwt.token_in_blocklist_loader
def is_revoked(_header, payload):
    return bool(database().execute("SELECT 1 FROM revoked WHERE jti = ?", [payload["jti"]]).fetchone())


@app.post("/token")
def token():
    given = request.get_json()
    clerk = database().execute("SELECT * FROM clerks WHERE name = ?", [given.get("name", "")]).fetchone()
    if clerk is None or not check_password_hash(clerk["password"], given.get("password", "")):
        return jsonify(msg="bad name or password"), 401
    claims = {"role": clerk["role"]}
    return jsonify(
        access_token=create_access_token(clerk["name"], additional_claims=claims, fresh=True),
        refresh_token=create_refresh_token(clerk["name"]),
        expires_at=(datetime.now(UTC) + app.config["JWT_ACCESS_TOKEN_EXPIRES"]).isoformat(),
    )


@app.post("/token/refresh")
@jwt_required(refresh=True)
def refresh():
    return jsonify(access_token=create_access_token(get_jwt_identity(), fresh=False))


@app.delete("/token")
@jwt_required()
def revoke():
    database().execute("INSERT INTO revoked (jti) VALUES (?)", [get_jwt()["jti"]])
    return "", 204


@app.get("/me")
@jwt_required()
def me():
    return dict(current_user)


@app.get("/parcels")
@jwt_required(optional=True)
def parcels():
    page, size = request.args.get("page", 1, type=int), min(request.args.get("size", 10, type=int), 50)
    rows = database().execute(
        "SELECT id, state FROM parcels WHERE ? IN ('', state) ORDER BY at, id LIMIT ? OFFSET ?",
        [request.args.get("state", ""), size, (page - 1) * size],
    )
    response = jsonify([dict(row) for row in rows])
    response.headers["Link"] = f'<{url_for("parcels", page=page + 1, size=size, _external=True)}>; rel="next"'
    response.add_etag()
    return response.make_conditional(request)


@app.post("/parcels")
@jwt_required()
def accept():
    given = request.get_json()
    problems = {}
    if not isinstance(given.get("weight"), int | float) or not 0 < given["weight"] <= 30:
        problems["weight"] = ["a number of kilograms up to 30"]
    if not given.get("address"):
        problems["address"] = ["needed"]
    if problems:
        return jsonify(errors=problems), 422
    number, at = str(uuid.uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds")
    database().execute(
        "INSERT INTO parcels VALUES (?, ?, ?, ?, ?, ?)",
        [number, given["weight"], given["address"], STATES[0], current_user["name"], at],
    )
    return jsonify(id=number, at=at), 201, {"Location": url_for("parcel", number=number)}


@app.get("/parcels/<uuid:number>")
def parcel(number):
    row = database().execute("SELECT * FROM parcels WHERE id = ?", [str(number)]).fetchone()
    return dict(row) if row else (jsonify(msg="no such parcel"), 404)


@app.patch("/parcels/<uuid:number>")
@jwt_required(fresh=True)
def move(number):
    if get_jwt().get("role") != "driver":
        return jsonify(msg="drivers only"), 403
    state = request.get_json().get("state")
    if state not in STATES:
        return jsonify(errors={"state": [f"one of {', '.join(STATES)}"]}), 422
    changed = database().execute("UPDATE parcels SET state = ? WHERE id = ?", [state, str(number)]).rowcount
    return ("", 204) if changed else (jsonify(msg="no such parcel"), 404)


@app.get("/states")
def states():
    return jsonify(list(STATES))


@app.get("/export")
@jwt_required()
def export():
    rows = database().execute("SELECT * FROM parcels ORDER BY rowid").fetchall()
    return Response((json.dumps(dict(row)) + "\n" for row in rows), mimetype="application/x-ndjson")
