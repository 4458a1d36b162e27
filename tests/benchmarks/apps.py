"""The smallest useful app on each side, and the gateway over both."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from flask import Flask, jsonify
from flask import Response as FlaskResponse

from gateway import Gateway

SMALL = {"id": 7, "message": "hello"}

new = FastAPI()
legacy = Flask(__name__)


@new.get("/new")
async def new_small() -> JSONResponse:
    return JSONResponse(SMALL)


@legacy.get("/legacy")
def legacy_small() -> FlaskResponse:
    return jsonify(SMALL)


gateway = Gateway(legacy=legacy, new=new, routes={"GET /new": "new"})
