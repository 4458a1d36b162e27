"""What passengers write to us: a form with a CSRF token, a flashed thank-you, a redirect after POST."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from legacy_flask.database import db
from new_fastapi.models import MAX_MESSAGE, MAX_NAME, Feedback, is_text

blueprint = Blueprint("feedback", __name__)


def storable(_form: FlaskForm, field: Field) -> None:
    if not is_text(field.data):
        raise ValidationError("This text has a character that cannot be stored.")


class FeedbackForm(FlaskForm):
    """The two fields that a passenger fills in."""

    name = StringField("Your name", validators=[DataRequired(), Length(max=MAX_NAME), storable])
    message = TextAreaField("Your message", validators=[DataRequired(), Length(max=MAX_MESSAGE), storable])


@blueprint.route("/feedback", methods=["GET", "POST"])
def feedback() -> ResponseReturnValue:
    form = FeedbackForm(name=g.user.name if g.user else None)
    if form.validate_on_submit():
        db().add(Feedback(name=form.name.data, message=form.message.data))
        db().commit()
        flash(f"Thank you, {form.name.data}.")
        return redirect(url_for("feedback.feedback"))
    return render_template("feedback.html", form=form), 400 if form.is_submitted() else 200
