"""Settings by environment, read when the module is imported."""

import os


class Config:
    SECRET_KEY = os.environ.get("SECRET_KEY") or "hard to guess"
    SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL") or "sqlite:///club.sqlite"
    PER_PAGE = 2


class Testing(Config):
    TESTING = True


class Production(Config):
    SESSION_COOKIE_HTTPONLY = True
    REMEMBER_COOKIE_SAMESITE = "Lax"


config = {"testing": Testing, "production": Production}
