"""The home page."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from new_fastapi.dependencies import SessionDep
from new_fastapi.models import Route

router = APIRouter(tags=["pages"])
templates = Jinja2Templates(Path(__file__).parents[1] / "templates")


@router.get("/", response_class=HTMLResponse)
def home(request: Request, session: SessionDep) -> HTMLResponse:
    routes = session.scalars(select(Route).order_by(Route.id).options(selectinload(Route.trips))).all()
    return templates.TemplateResponse(request, "home.html", {"routes": routes})
