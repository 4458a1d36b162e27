"""Files that come in pieces and go to disk in pieces, then are read for their digest, which the answer names."""

import shutil
from pathlib import Path
from typing import BinaryIO

from flask import Blueprint, Response, current_app, jsonify, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected

from legacy_flask.api import ApiError
from legacy_flask.database import db
from new_fastapi.settings import MAX_UPLOAD
from new_fastapi.uploads import NAME_TAKEN, arriving, digest_headers, locate, read_upload

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")


@blueprint.before_request
def allow_large_bodies() -> None:
    request.max_content_length = MAX_UPLOAD


@blueprint.post("/<path:filename>")
def upload(filename: str) -> ResponseReturnValue:
    path = place(filename)
    try:
        with arriving(current_app.config["UPLOAD_DIR"], path) as file:
            receive(file)
    except NAME_TAKEN as error:
        raise ApiError(409, f"{filename} is a directory, or in a file") from error
    row = read_upload(filename, path)
    answer = {"name": row.name, "size": row.size, "sha256": row.sha256}
    db().add(row)
    db().commit()
    return jsonify(answer), 201


@blueprint.get("/<path:filename>")
def download(filename: str) -> Response:
    path = place(filename)
    if not path.is_file():
        raise ApiError(404, f"upload {filename} not found")
    response = send_file(path, as_attachment=True)
    response.headers.update(digest_headers(db(), filename, path))
    return response


def place(filename: str) -> Path:
    path = locate(current_app.config["UPLOAD_DIR"], filename)
    if path is None:
        raise ApiError(404, f"no upload can be named {filename}")
    return path


def receive(file: BinaryIO) -> None:
    """The part named `file` of a form, or else the whole body."""
    if request.mimetype == "multipart/form-data":
        sent = request.files.get("file")
        if sent is None:
            raise ApiError(400, "file is required")
        sent.save(file)
        return
    shutil.copyfileobj(request.stream, file)
    # Under gunicorn the body of a client that has left just ends.
    if request.content_length not in (None, file.tell()):
        raise ClientDisconnected
