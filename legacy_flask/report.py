"""The staff report, a file: with its ETag, in ranges, and not at all if the client has it."""

from flask import Blueprint, Response, send_file

from new_fastapi.resources import REPORT

blueprint = Blueprint("report", __name__)


@blueprint.get("/report.csv")
def report() -> Response:
    return send_file(REPORT, mimetype="text/csv", as_attachment=True, download_name="report.csv")
