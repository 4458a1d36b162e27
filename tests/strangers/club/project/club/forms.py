from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp


class LoginForm(FlaskForm):
    email = StringField("E-mail", validators=[DataRequired(), Length(1, 64), Regexp(r".+@.+")])
    password = PasswordField("Password", validators=[DataRequired()])
    remember_me = BooleanField("Keep me logged in")
    submit = SubmitField("Log in")


class NoticeForm(FlaskForm):
    text = TextAreaField("What is it?", validators=[DataRequired(), Length(max=200)])
    submit = SubmitField("Post")
