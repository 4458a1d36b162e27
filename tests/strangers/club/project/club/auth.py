from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user, logout_user

from .forms import LoginForm
from .models import Member

auth = Blueprint("auth", __name__)


@auth.before_app_request
def before_request():
    if current_user.is_authenticated:
        current_user.ping()


@auth.route("/login", methods=["GET", "POST"])
def login():
    form = LoginForm()
    if form.validate_on_submit():
        member = Member.query.filter_by(email=form.email.data.lower()).first()
        if member is not None and member.verify(form.password.data):
            login_user(member, form.remember_me.data)
            following = request.args.get("next")
            if following is None or not following.startswith("/"):
                following = url_for("main.index")
            return redirect(following)
        flash("Invalid e-mail or password.")
    return render_template("login.html", form=form)


@auth.route("/logout")
@login_required
def logout():
    logout_user()
    flash("You are logged out.")
    return redirect(url_for("main.index"))
