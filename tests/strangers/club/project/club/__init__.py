"""A club's members: a factory that takes the name of a configuration, extensions as globals, forms with CSRF tokens."""

from config import config
from flask import Flask, render_template
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFError, CSRFProtect

db = SQLAlchemy()
login = LoginManager()
login.login_view = "auth.login"
login.login_message_category = "info"
csrf = CSRFProtect()


def create_app(config_name):
    app = Flask(__name__)
    app.config.from_object(config[config_name])
    db.init_app(app)
    login.init_app(app)
    csrf.init_app(app)

    from .auth import auth
    from .main import main

    app.register_blueprint(auth, url_prefix="/auth")
    app.register_blueprint(main)

    @app.errorhandler(404)
    def not_found(_error):
        return render_template("error.html", text="No such page"), 404

    @app.errorhandler(CSRFError)
    def no_token(error):
        return render_template("error.html", text=error.description), 400

    return app
