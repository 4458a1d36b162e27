from datetime import UTC, datetime

from flask_login import UserMixin
from werkzeug.security import check_password_hash, generate_password_hash

from . import db, login


def now():
    return datetime.now(UTC).replace(tzinfo=None)


class Member(UserMixin, db.Model):
    __tablename__ = "members"
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(64), unique=True, index=True)
    name = db.Column(db.String(64))
    password_hash = db.Column(db.String(128))
    is_admin = db.Column(db.Boolean, default=False)
    member_since = db.Column(db.DateTime, default=now)
    last_seen = db.Column(db.DateTime, default=now)
    notices = db.relationship("Notice", backref="author", lazy="dynamic")

    @property
    def password(self):
        raise AttributeError("a password cannot be read")

    @password.setter
    def password(self, password):
        self.password_hash = generate_password_hash(password, method="pbkdf2:sha256:1000")

    def verify(self, password):
        return check_password_hash(self.password_hash, password)

    def ping(self):
        self.last_seen = now()
        db.session.add(self)
        db.session.commit()


class Notice(db.Model):
    __tablename__ = "notices"
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.Text)
    posted = db.Column(db.DateTime, index=True, default=now)
    author_id = db.Column(db.Integer, db.ForeignKey("members.id"))

    def to_json(self):
        return {"id": self.id, "text": self.text, "author": self.author.name}


@login.user_loader
def load_member(member_id):
    return db.session.get(Member, int(member_id))
