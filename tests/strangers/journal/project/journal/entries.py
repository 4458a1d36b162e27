from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import abort

from .account import login_required
from .db import get_db

bp = Blueprint("entries", __name__)
ALL = (
    "SELECT entry.id, title, text, written, writer_id, name FROM entry JOIN writer ON writer_id = writer.id"
    " ORDER BY written DESC, entry.id DESC"
)


@bp.route("/")
def index():
    return render_template("entries/index.html", entries=get_db().execute(ALL).fetchall())


@bp.route("/titles.json")
def titles():
    return jsonify([{"id": entry["id"], "title": entry["title"]} for entry in get_db().execute(ALL)])


@bp.route("/write", methods=("GET", "POST"))
@login_required
def write():
    if request.method == "POST":
        title = request.form["title"]
        if not title:
            flash("A title is needed.")
        else:
            db = get_db()
            db.execute(
                "INSERT INTO entry (title, text, writer_id) VALUES (?, ?, ?)",
                (title, request.form["text"], g.writer["id"]),
            )
            db.commit()
            return redirect(url_for("entries.index"))
    return render_template("entries/edit.html", entry=None)


def get_entry(entry_id):
    entry = get_db().execute("SELECT * FROM entry WHERE id = ?", (entry_id,)).fetchone()
    if entry is None:
        abort(404, f"There is no entry {entry_id}.")
    if entry["writer_id"] != g.writer["id"]:
        abort(403)
    return entry


@bp.route("/<int:entry_id>/edit", methods=("GET", "POST"))
@login_required
def edit(entry_id):
    entry = get_entry(entry_id)
    if request.method == "POST":
        title = request.form["title"]
        if not title:
            flash("A title is needed.")
        else:
            db = get_db()
            db.execute("UPDATE entry SET title = ?, text = ? WHERE id = ?", (title, request.form["text"], entry_id))
            db.commit()
            return redirect(url_for("entries.index"))
    return render_template("entries/edit.html", entry=entry)


@bp.route("/<int:entry_id>/delete", methods=("POST",))
@login_required
def delete(entry_id):
    get_entry(entry_id)
    db = get_db()
    db.execute("DELETE FROM entry WHERE id = ?", (entry_id,))
    db.commit()
    return redirect(url_for("entries.index"))
