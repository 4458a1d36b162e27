"""A journal for several writers: a factory, blueprints, sqlite3 by hand, a database in the instance folder."""

import os

from flask import Flask

from . import account, db, entries


def create_app(test_config=None):
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        SECRET_KEY="for development only",
        DATABASE=os.path.join(app.instance_path, "journal.sqlite"),
    )
    if test_config is None:
        app.config.from_pyfile("config.py", silent=True)
    else:
        app.config.from_mapping(test_config)
    try:
        os.makedirs(app.instance_path)
    except OSError:
        pass

    @app.route("/ping")
    def ping():
        return "pong"

    @app.route("/broken")
    def broken():
        raise RuntimeError("this page has never worked")

    db.init_app(app)
    app.register_blueprint(account.bp)
    app.register_blueprint(entries.bp)
    app.add_url_rule("/", endpoint="index")
    return app
