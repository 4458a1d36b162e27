"""The staff report, a file."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from new_fastapi.resources import REPORT

router = APIRouter(tags=["report"])


@router.get("/report.csv", response_class=FileResponse)
async def report() -> FileResponse:
    return FileResponse(REPORT, media_type="text/csv", filename="report.csv")
