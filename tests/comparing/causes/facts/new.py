"""The same app as a team would port it to FastAPI by hand: typed parameters, dict returns, no Flask imitated."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import flask
from fastapi import (
    APIRouter,
    Body,
    Depends,
    FastAPI,
    File,
    Form,
    HTTPException,
    Request,
    Response,
    UploadFile,
)
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBearer, OAuth2PasswordBearer
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.sessions import SessionMiddleware
from werkzeug.exceptions import abort

from tests.comparing.causes.facts.values import ANNOTATIONS, PRODUCT, RETURNED, VALUES

SCHEMES: dict[str, Any] = {
    "bearer": HTTPBearer(),
    "basic": HTTPBasic(),
    "api-key": APIKeyHeader(name="X-Key"),
    "oauth2": OAuth2PasswordBearer("token"),
}


def create_app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.add_middleware(SessionMiddleware, secret_key="facts")
    for router in (answers(), errors, routes, parameters, bodies, cookies, headers, files):
        app.include_router(router)
    app.mount("/cors", cors_app())
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    return app


# --- answers ---


class Product(BaseModel):
    id: int
    price: float
    count: int
    unit_price: float = Field(serialization_alias="unitPrice")
    note: str | None = None


def answers() -> APIRouter:
    router = APIRouter()
    for name, make in VALUES.items():
        router.add_api_route(f"/value/{name}", endpoint(make))
    for name, annotation in ANNOTATIONS.items():
        if name != "exception":
            router.add_api_route(f"/annotated/{name}", endpoint(VALUES[name]), response_model=annotation)
    for name, make in RETURNED.items():
        router.add_api_route(f"/returned/{name}", endpoint(make))
    router.add_api_route("/returned-dict/created", endpoint(RETURNED["created"]), response_model=dict)
    router.include_router(plain_answers)
    return router


def endpoint(make: Callable[[], Any]) -> Callable[[], Any]:
    """A view without an annotation, as a hurried port has it."""

    def view():  # type: ignore[no-untyped-def]  # noqa: ANN202, RUF100
        return make()

    return view


plain_answers = APIRouter()


@plain_answers.get("/jsonify")
def jsonified():  # type: ignore[no-untyped-def]
    with flask.Flask("helper").app_context():
        return flask.jsonify(b=1, a=2)


@plain_answers.get("/product", response_model=Product)
def product() -> Any:
    return PRODUCT


@plain_answers.get("/product/bad", response_model=Product)
def bad_product() -> Any:
    return PRODUCT | {"price": "many"}


@plain_answers.delete("/product")
def delete_product() -> Any:
    return Response(status_code=204, media_type="application/json")


@plain_answers.get("/plain", response_class=PlainTextResponse)
def plain() -> str:
    return "hello"


@plain_answers.get("/stream")
def stream() -> StreamingResponse:
    def pieces() -> Iterator[bytes]:
        yield from (b"one", b"", b"two")

    return StreamingResponse(pieces(), media_type="text/plain")


# --- errors ---

errors = APIRouter()


class Numbered(BaseModel):
    n: int


class Credentials(BaseModel):
    name: str
    password: str


def guard(request: Request) -> None:
    if request.headers.get("Authorization") != "Bearer good":
        raise HTTPException(401, "who are you?")


@errors.post("/guarded", dependencies=[Depends(guard)])
def guarded(item: Numbered) -> dict[str, int]:
    return {"n": item.n}


@errors.get("/abort/custom")
def stop_with_words() -> None:
    raise HTTPException(400, "custom msg")


@errors.get("/abort/{code}")
def stop(code: int) -> None:
    raise HTTPException(code)


@errors.get("/boom")
def boom() -> None:
    raise RuntimeError("boom")


@errors.get("/helper-abort")
def helper_abort() -> None:
    abort(404)


def secure(name: str) -> None:
    @errors.get(f"/secured/{name}")
    def secured(_credentials: Any = Depends(SCHEMES[name])) -> dict[str, str]:  # noqa: B008
        return {"signed": "in"}


for scheme in SCHEMES:
    secure(scheme)


@errors.post("/sign-in")
def sign_in(credentials: Credentials) -> dict[str, str]:
    return {"name": credentials.name}


# --- routes ---

routes = APIRouter()


@routes.api_route("/slash/", methods=["GET", "POST"])
@routes.api_route("/noslash", methods=["GET", "POST"])
@routes.get("/only")
def here(request: Request) -> dict[str, str]:
    return {"query": request.url.query}


@routes.get("/p/{name}")
@routes.get("/p/{name:path}")
def named(name: str) -> str:
    return name


@routes.get("/int/{n}")
@routes.get("/n/{n}", name="n")
@routes.get("/converted/{n:int}")
def integer_in_path(n: int) -> dict[str, int]:
    return {"n": n}


@routes.get("/float/{n}")
def float_in_path(n: float):  # type: ignore[no-untyped-def]
    return {"n": n}


@routes.get("/uuid/{n}")
def uuid_in_path(n: uuid.UUID) -> dict[str, uuid.UUID]:
    return {"n": n}


@routes.get("/path/{rest:path}")
def path(rest: str) -> dict[str, str]:
    return {"rest": rest}


@routes.get("/order/{n}")
def order(n: int) -> dict[str, int]:
    return {"n": n}


@routes.get("/order/new")
def new_order() -> dict[str, bool]:
    return {"new": True}


@routes.get("/moved")
def moved() -> RedirectResponse:
    return RedirectResponse("/only")


@routes.get("/url")
def url(request: Request) -> dict[str, str]:
    return {"url": str(request.url_for("n", n=5))}


# --- query, form, file and JSON parameters ---

parameters = APIRouter()


@parameters.get("/query/text")
def text(a: str = "none") -> dict[str, str]:
    return {"a": a}


@parameters.get("/query/required")
def required(a: str) -> dict[str, str]:
    return {"a": a}


@parameters.get("/query/int")
def integer(n: int = 7) -> dict[str, int]:
    return {"n": n}


@parameters.get("/query/float")
def floating(n: float = 7.0):  # type: ignore[no-untyped-def]
    return {"n": n}


@parameters.get("/query/bool")
def boolean(n: bool = False) -> dict[str, bool]:
    return {"n": n}


@parameters.post("/form")
def form(a: Annotated[str, Form()], b: Annotated[str, Form()] = "default") -> dict[str, str]:
    return {"a": a, "b": b}


@parameters.post("/form/lenient")
def lenient_form(a: Annotated[str, Form()] = "none") -> dict[str, int]:
    return {"a": len(a)}


@parameters.post("/upload")
async def upload(f: Annotated[UploadFile, File()]) -> dict[str, Any]:
    return {"filename": f.filename, "size": len(await f.read())}


bodies = APIRouter()


@bodies.post("/any")
def anything(sent: Annotated[Any, Body()]):  # type: ignore[no-untyped-def]
    return {"sent": sent}


class Int(BaseModel):
    v: int


class Bool(BaseModel):
    v: bool


class Str(BaseModel):
    v: str


@bodies.post("/model/int")
def int_model(sent: Int) -> dict[str, Any]:
    return {"v": sent.v, "kind": "int"}


@bodies.post("/model/bool")
def bool_model(sent: Bool) -> dict[str, Any]:
    return {"v": sent.v, "kind": "bool"}


@bodies.post("/model/str")
def str_model(sent: Str) -> dict[str, Any]:
    return {"v": sent.v, "kind": "str"}


# --- cookies and headers ---

cookies = APIRouter()


@cookies.get("/cookie/set")
def set_cookie(response: Response) -> dict[str, bool]:
    response.set_cookie("a", "b")
    return {"ok": True}


@cookies.get("/cookie/aged")
def aged_cookie(response: Response) -> dict[str, bool]:
    response.set_cookie("a", "b", max_age=3600, secure=True, httponly=True, samesite="strict")
    return {"ok": True}


@cookies.get("/cookie/delete")
def delete_cookie(response: Response) -> dict[str, bool]:
    response.delete_cookie("d")
    return {"ok": True}


@cookies.get("/cookie/unicode")
def unicode_cookie(response: Response) -> dict[str, bool]:
    response.set_cookie("a", "\u00e9\u2603")
    return {"ok": True}


@cookies.get("/cookie/read")
def read_cookies(request: Request) -> dict[str, str]:
    return request.cookies


@cookies.get("/session/write")
def write_session(request: Request) -> dict[str, bool]:
    request.session["user"] = "ann"
    return {"ok": True}


@cookies.get("/session/read")
def read_session(request: Request) -> dict[str, Any]:
    return {"user": request.session.get("user")}


headers = APIRouter()


@headers.get("/headers/one")
def one(request: Request) -> dict[str, Any]:
    return {"one": request.headers.get("x-one")}


@headers.get("/headers/under")
def under(request: Request) -> dict[str, Any]:
    return {"under": request.headers.get("x_under"), "dashed": request.headers.get("x-under")}


@headers.get("/headers/echo")
def echo(request: Request, response: Response) -> dict[str, str]:
    response.headers["X-Echo"] = request.headers["x-one"]
    return {"one": request.headers["x-one"]}


@headers.get("/headers/snow")
def snow(response: Response) -> dict[str, bool]:
    response.headers["X-Snow"] = "\u2603"
    return {"ok": True}


@headers.get("/info")
def whereabouts(request: Request) -> dict[str, str]:
    return {"host": request.headers["host"], "url": str(request.url)}


def cors_app() -> FastAPI:
    """Apart, because CORSMiddleware adds `Vary: Origin` to every answer of its app."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=["https://good.test"], allow_credentials=True, allow_methods=["*"])
    app.add_api_route("/boom", boom)
    app.add_api_route("/item", cors_item)
    return app


def cors_item() -> dict[str, bool]:
    return {"ok": True}


# --- files ---

files = APIRouter()


@files.get("/download")
def download() -> FileResponse:
    path = Path(tempfile.gettempdir()) / f"facts-{os.getpid()}.txt"
    path.write_bytes(b"content")
    return FileResponse(path, filename="\u00e9 x.txt")


@files.get("/tagged")
def tagged() -> dict[str, int]:
    return {"a": 1}
