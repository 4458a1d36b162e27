"""Cases from the OpenAPI schema of a FastAPI app."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Annotated

import pytest
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

from gateway.parity.corpus.case import Case
from gateway.parity.corpus.case_reading import read_step
from gateway.parity.generating.schema_cases import MAX_INVALID, MAX_VALID, generate_from_schema

app = FastAPI()


class Item(BaseModel):
    """An item."""

    name: str = Field(min_length=2, max_length=5)
    stock: int = Field(ge=0, le=9)


@app.post("/items")
def create(item: Item) -> Item:
    return item


@app.get("/items/{item_id:int}")
def read(item_id: Annotated[int, Path()], full: bool = False) -> Item:
    raise NotImplementedError(item_id, full)


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """Those of the app above, by name, with a sample of one route."""
    sample = Case("seen", (read_step({"request": "GET /items/7"}),))
    return {case.name: case for case in generate_from_schema(app, (sample,), 1)}


def test_good_ones_fit_and_bad_ones_do_not(cases: dict[str, Case]) -> None:
    good = [
        case for name, case in cases.items() if name.startswith("POST /items: fits the schema") and "then" not in name
    ]
    bad = [case for name, case in cases.items() if name.startswith("POST /items: breaks")]
    assert 2 <= len(good) <= MAX_VALID
    assert 2 <= len(bad) <= MAX_INVALID
    assert all(fits(case) for case in good)
    assert not any(fits(case) for case in bad)


def fits(case: Case) -> bool:
    request = case.steps[-1].request
    if dict(request.headers).get(b"content-type") != b"application/json":
        return False
    try:
        Item.model_validate_json(request.body, strict=False)
    except ValueError:
        return False
    return isinstance(json.loads(request.body), dict)


def test_rules_and_ids_are_those_of_the_routes_and_samples(cases: dict[str, Case]) -> None:
    assert cases["GET /items/<int:item_id>: fits the schema"].steps[0].request.target.startswith(b"/items/7")
    created, item = cases["POST /items: fits the schema, then all of its id"].steps[:2]
    assert cases["POST /items: breaks the schema"].origin == "schema: breaks the schema"
    assert created.captures == (("id", "body.id"),)
    assert item.request.target.startswith(b"/items/{{id}}")


@pytest.mark.parametrize("bare", [None, print])
def test_an_app_without_a_schema_gives_none(bare: object) -> None:
    assert generate_from_schema(bare, (), 1) == ()


@pytest.mark.long
@pytest.mark.process
def test_the_seed_decides_in_every_process() -> None:
    code = (
        "import zlib; from tests.parity.generating.test_schema_cases import app;"
        "from gateway.parity.generating.schema_cases import generate_from_schema as g;"
        "print(*[zlib.crc32(repr(g(app, (), seed)).encode()) for seed in (1, 1, 2)])"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert printed[0][0] == printed[0][1] != printed[0][2]
