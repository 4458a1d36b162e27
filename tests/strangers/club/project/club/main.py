from functools import wraps

from flask import Blueprint, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from . import db
from .forms import NoticeForm
from .models import Member, Notice

main = Blueprint("main", __name__)


def admin_required(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        if not current_user.is_admin:
            abort(403)
        return view(*args, **kwargs)

    return wrapped


@main.route("/", methods=["GET", "POST"])
def index():
    form = NoticeForm()
    if current_user.is_authenticated and form.validate_on_submit():
        db.session.add(Notice(text=form.text.data, author=current_user._get_current_object()))
        db.session.commit()
        flash("Posted.")
        return redirect(url_for(".index"))
    page = request.args.get("page", 1, type=int)
    notices = Notice.query.order_by(Notice.posted.desc(), Notice.id.desc()).paginate(
        page=page, per_page=current_app.config["PER_PAGE"], error_out=False
    )
    return render_template("index.html", form=form, notices=notices)


@main.route("/members/<name>")
@login_required
def member(name):
    found = Member.query.filter_by(name=name).first_or_404()
    return render_template("member.html", member=found)


@main.route("/notices.json")
def notices():
    return jsonify(notices=[notice.to_json() for notice in Notice.query.order_by(Notice.id)])


@main.route("/notices/<int:notice_id>/delete", methods=["POST"])
@login_required
@admin_required
def delete_notice(notice_id):
    db.session.delete(Notice.query.get_or_404(notice_id))
    db.session.commit()
    return redirect(url_for(".index"))
