"""The figures of the day from two slow sources, read together: it takes as long as the slower one."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from new_fastapi.dependencies import SessionDep
from new_fastapi.models import Employee, Todo, Trip

router = APIRouter(tags=["dashboard"])

DATABASE_DELAY = 0.1  # seconds that our database far away takes
CACHE_DELAY = 0.05


class Dashboard(BaseModel):
    employees: int
    open_todos: int
    trips: int
    buses_on_the_road: int
    buses_delayed: int


@router.get("/dashboard")
async def dashboard(session: SessionDep) -> Dashboard:
    counted, seen = await asyncio.gather(read_database(session), read_cache())
    return Dashboard(**counted, **seen)


async def read_database(session: Session) -> dict[str, int]:
    await asyncio.sleep(DATABASE_DELAY)
    return await run_in_threadpool(count_rows, session)


def count_rows(session: Session) -> dict[str, int]:
    return {
        "employees": session.scalar(select(func.count(Employee.id))) or 0,
        "open_todos": session.scalar(select(func.count(Todo.id)).where(Todo.done.is_(False))) or 0,
        "trips": session.scalar(select(func.count(Trip.id))) or 0,
    }


async def read_cache() -> dict[str, int]:
    await asyncio.sleep(CACHE_DELAY)
    return {"buses_on_the_road": 9, "buses_delayed": 1}
