"""An import string gives an app, or blames who is wrong: the string, or the line of the app's own code."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.apps.loading import flask_app_of, import_app, split_import_string
from gateway.errors import ImportAppError
from tests.support.projects import Project, project_in

SHOP = """
    import functools
    import flask
    from fastapi import FastAPI

    made = []
    flask_app = flask.Flask(__name__)
    fastapi_app = FastAPI()

    def create_app(name="shop"):
        made.append(name)
        return flask.Flask(name)

    def create_configured(config_name, *, debug=False, database=None):
        app = flask.Flask(config_name)
        app.config.update(GIVEN=(config_name, debug, database))
        return app

    def wsgi(environ, start_response): ...
    async def asgi(scope, receive, send): ...
    def create_from(settings): return flask.Flask("made")
    def create_nothing(): ...
    def create_text(): return "app"

    class Wsgi:
        def __call__(self, environ, start_response): ...

    class Needing:
        def __init__(self, environ, start_response): ...

    wsgi_object = Wsgi()
    partial_factory = functools.partial(create_app, "partial")
    partial_app = functools.partial(asgi)
    decorated = functools.wraps(wsgi)(lambda *arguments: wsgi(*arguments))
    number = 5

    class apps:
        inner = flask_app
        create = staticmethod(create_configured)
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_in(tmp_path) as project:
        yield project


@pytest.fixture
def shop(project: Project) -> Any:
    project.write("shop.py", SHOP)
    import_app("shop:flask_app", "gateway.legacy")
    return sys.modules["shop"]


# --- apps and factories ---


@pytest.mark.parametrize(
    "name", ["flask_app", "fastapi_app", "wsgi", "asgi", "wsgi_object", "Needing", "partial_app", "decorated"]
)
def test_what_needs_arguments_is_the_app_itself(shop: Any, name: str) -> None:
    assert import_app(f"shop:{name}", "gateway.legacy") is getattr(shop, name)


@pytest.mark.parametrize(("name", "made"), [("create_app", "shop"), ("partial_factory", "partial")])
def test_what_needs_none_is_a_factory_and_is_called_once(shop: Any, name: str, made: str) -> None:
    assert import_app(f"shop:{name}", "gateway.legacy").import_name == made
    assert shop.made == [made]


def test_a_class_without_arguments_is_a_factory_of_its_objects(shop: Any) -> None:
    assert type(import_app("shop:Wsgi", "gateway.legacy")) is shop.Wsgi


def test_an_attribute_may_be_inside_another(shop: Any) -> None:
    assert import_app("shop:apps.inner", "gateway.legacy") is shop.flask_app


def test_modules_of_the_current_directory_come_first_and_once_on_the_path(project: Project) -> None:
    project.write("package/inner.py", "def app(environ, start_response): ...")
    import_app("package.inner:app", "gateway.legacy")
    import_app("package.inner:app", "gateway.legacy")
    assert sys.path.index(str(project.directory)) == 0
    assert sys.path.count(str(project.directory)) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "given"),
    [
        ("create_configured('dev')", {}, ("dev", False, None)),
        ('create_configured("dev")', {}, ("dev", False, None)),
        ('create_configured("a:b (c)", debug=True)', {}, ("a:b (c)", True, None)),
        ("create_configured(config_name='dev', database={'url': [1, None]})", {}, ("dev", False, {"url": [1, None]})),
        ("create_configured( 'dev', ) ", {}, ("dev", False, None)),
        ("apps.create('dev')", {}, ("dev", False, None)),
        ("create_configured('dev')", {"database": "sqlite://"}, ("dev", False, "sqlite://")),
        ("create_configured('dev', database='real')", {"database": "copy"}, ("dev", False, "copy")),
        ("create_configured", {"config_name": "dev"}, ("dev", False, None)),
        # What it does not take is not given.
        ("create_configured('dev')", {"other": "x"}, ("dev", False, None)),
        ("create_configured('dev')", {"config_name": "x"}, ("dev", False, None)),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_factory_is_called_with_the_literals_of_its_name(
    name: str, arguments: dict[str, str], given: tuple[Any, ...]
) -> None:
    assert import_app(f"shop:{name}", "gateway.legacy", arguments).config["GIVEN"] == given


def test_a_factory_without_arguments_may_be_called_by_name(shop: Any) -> None:
    assert import_app("shop:create_app()", "gateway.legacy").import_name == "shop"
    assert shop.made == ["shop"]


# --- who is to blame ---


@pytest.mark.parametrize(
    ("import_string", "message"),
    [
        ("shop", '"shop" is not "module:attribute", like "shop:create_app"'),
        ("shop:", '"shop:" is not "module:attribute", like "shop:create_app"'),
        (":app", '":app" is not "module:attribute", like "shop:create_app"'),
        ("", '"" is not "module:attribute", like "shop:create_app"'),
        (".shop:app", '".shop:app" is not "module:attribute", like "shop:create_app"'),
        ("shpo:app", 'no module "shpo"; run from the directory that holds it'),
        ("shpo.inner:app", 'no module "shpo"; run from the directory that holds it'),
        ("shop.inner:app", 'no module "shop.inner"; run from the directory that holds it'),
        ("shop:creat_app", 'module "shop" has no attribute "creat_app"; did you mean "create_app"?'),
        ("shop:zzz", 'module "shop" has no attribute "zzz"'),
        ("shop:apps.iner", 'module "shop" has no attribute "apps.iner"; did you mean "inner"?'),
        ("shop:number.foo", 'module "shop" has no attribute "number.foo"'),
        ("shop:number", '"shop:number" gives a int, which is neither an app nor a factory of one'),
        ("shop:create_nothing", '"shop:create_nothing" gives None, which is neither an app nor a factory of one'),
        ("shop:create_text", '"shop:create_text" gives a str, which is neither an app nor a factory of one'),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_wrong_import_string_is_blamed_itself(import_string: str, message: str) -> None:
    with pytest.raises(ImportAppError) as caught:
        import_app(import_string, "gateway.legacy")
    assert str(caught.value) == f"gateway.legacy: {message}"


NO_CALL = "is no call of a factory with texts, numbers and the like, as in \"shop:create_app('dev', debug=False)\""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("create_configured(dev)", NO_CALL),
        ("create_configured('dev'", NO_CALL),
        ("create_configured(*['dev'])", NO_CALL),
        ("create_configured(open('x'))", NO_CALL),
        ("(create_configured)", NO_CALL),
        ("create_configured('dev').wsgi_app", NO_CALL),
        ("flask_app()", "failed: TypeError: Flask.__call__() missing 2 required positional arguments"),
        ("number('dev')", "failed: TypeError: 'int' object is not callable"),
        ("create_app('dev', 2)", "failed: TypeError: create_app() takes from 0 to 1 positional arguments but 2 were"),
        ("create_app(nam='dev')", "failed: TypeError: create_app() got an unexpected keyword argument 'nam'"),
        ("create_app(**{'name': 'dev'})", "failed: TypeError: create_app() got an unexpected keyword argument '**'"),
        (
            "create_from",
            'is no app, and create_from(settings) needs arguments; write them as for gunicorn: "shop:create_from(...)"',
        ),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_call_that_cannot_be_made_is_blamed_itself(name: str, message: str) -> None:
    with pytest.raises(ImportAppError) as caught:
        import_app(f"shop:{name}", "gateway.legacy")
    assert str(caught.value).startswith(f'gateway.legacy: "shop:{name}" {message}')
    assert "loading.py" not in str(caught.value)


REASON = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("import shop_settings", "ModuleNotFoundError: No module named 'shop_settings' ({file}:1)"),
        (
            "# the import\nfrom json import lods",
            "ImportError: cannot import name 'lods' from 'json' ({json}) ({file}:2)",
        ),
        ("import os\nos.environ['NO_SUCH_DATABASE_URL']", "KeyError: 'NO_SUCH_DATABASE_URL' ({file}:2)"),
        ("def app(:\n", "SyntaxError: invalid syntax ({file}:1)"),
        ("import broken", "SyntaxError: unmatched ')' ({broken}:2)"),
        ("import json\njson.loads('{')", "JSONDecodeError: {reason} ({file}:2)"),
        ("def create():\n    return 1 / 0\napp = create", "ZeroDivisionError: division by zero ({file}:2)"),
        ("def app():\n    import shop_settings", "ModuleNotFoundError: No module named 'shop_settings' ({file}:2)"),
        ("def app():\n    raise ValueError('two\\nlines')", "ValueError: two\nlines ({file}:2)"),
    ],
)
def test_an_app_that_fails_is_blamed_with_its_line(project: Project, text: str, failure: str) -> None:
    file, broken = project.write("failing.py", text), project.write("broken.py", "a = 1\n)\n")
    with pytest.raises(ImportAppError) as caught:
        import_app("failing:app", "gateway.new")
    expected = failure.format(file=file, broken=broken, json=json.__file__, reason=REASON)
    assert str(caught.value) == f'gateway.new: "failing:app" failed: {expected}'
    assert caught.value.__cause__ is not None


def test_a_missing_import_of_the_app_is_not_taken_for_the_app(project: Project) -> None:
    """`No module named "shop"` would send a person to look at a module that is there."""
    project.write("shop.py", "import shopping_cart")
    with pytest.raises(ImportAppError, match=r"No module named 'shopping_cart' \(.*shop\.py:1\)$"):
        import_app("shop:app", "gateway.legacy")


def test_the_parts_of_an_import_string() -> None:
    assert split_import_string("shop.web:create_app", "--new") == ("shop.web", "create_app")


# --- Flask inside middleware ---


class Keeping:
    """Middleware that keeps its app under the name that it is given."""

    def __init__(self, **kept: Any) -> None:
        self.__dict__.update(kept)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise NotImplementedError


flask_app = Flask(__name__)
wrapped_in_place = Flask(__name__)
wrapped_in_place.wsgi_app = ProxyFix(wrapped_in_place.wsgi_app)  # type: ignore[method-assign]
circle = Keeping()
circle.__dict__["app"] = circle


@pytest.mark.parametrize(
    "app",
    [
        flask_app,
        ProxyFix(flask_app),
        ProxyFix(flask_app.wsgi_app),
        DispatcherMiddleware(flask_app, {}),
        Keeping(wsgi_app=flask_app),
        Keeping(app=ProxyFix(Keeping(wsgi_app=flask_app.wsgi_app))),
        Keeping(app=None, wsgi_app=flask_app),
        flask_app.wsgi_app,
    ],
)
def test_a_flask_app_is_found_inside_middleware(app: Any) -> None:
    assert flask_app_of(app) is flask_app


def test_a_flask_app_that_is_wrapped_in_place_is_itself() -> None:
    assert flask_app_of(wrapped_in_place) is wrapped_in_place


@pytest.mark.parametrize(
    "app", [None, FastAPI(), Keeping(), circle, functools.partial(print), Keeping(url_map={"/": "x"}), len]
)
def test_what_is_not_flask_has_no_rules(app: Any) -> None:
    assert flask_app_of(app) is None
    assert flask_app_of(app) is None
