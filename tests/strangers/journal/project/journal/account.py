import functools

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

from .db import get_db

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.before_app_request
def load_writer():
    writer_id = session.get("writer_id")
    g.writer = None
    if writer_id is not None:
        g.writer = get_db().execute("SELECT * FROM writer WHERE id = ?", (writer_id,)).fetchone()


def login_required(view):
    @functools.wraps(view)
    def wrapped(**kwargs):
        if g.writer is None:
            return redirect(url_for("account.login"))
        return view(**kwargs)

    return wrapped


@bp.route("/join", methods=("GET", "POST"))
def join():
    if request.method == "POST":
        name, password, db, problem = request.form["name"], request.form["password"], get_db(), None
        if not name:
            problem = "A name is needed."
        elif not password:
            problem = "A password is needed."
        else:
            try:
                db.execute(
                    "INSERT INTO writer (name, password) VALUES (?, ?)",
                    (name, generate_password_hash(password, method="pbkdf2:sha256:1000")),
                )
                db.commit()
            except db.IntegrityError:
                problem = f"{name} writes here already."
            else:
                return redirect(url_for("account.login"))
        flash(problem)
    return render_template("account/join.html")


@bp.route("/login", methods=("GET", "POST"))
def login():
    if request.method == "POST":
        writer = get_db().execute("SELECT * FROM writer WHERE name = ?", (request.form["name"],)).fetchone()
        if writer is None:
            flash("Nobody of that name.")
        elif not check_password_hash(writer["password"], request.form["password"]):
            flash("Not the password.")
        else:
            session.clear()
            session["writer_id"] = writer["id"]
            return redirect(url_for("index"))
    return render_template("account/login.html")


@bp.route("/logout")
def logout():
    session.clear()
    return redirect(url_for("index"))
