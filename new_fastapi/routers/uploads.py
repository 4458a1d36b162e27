"""Files that come in pieces and go to disk in pieces. Once the client has its answer they are read for their digest."""

import shutil
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.responses import FileResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from new_fastapi.dependencies import SessionDep, SettingsDep, open_session
from new_fastapi.settings import MAX_UPLOAD
from new_fastapi.uploads import NAME_TAKEN, arriving, digest_headers, locate, read_upload

router = APIRouter(prefix="/uploads", tags=["uploads"], max_body_size=MAX_UPLOAD)

ANY_FILE = {"schema": {"type": "string", "format": "binary"}}
FORM = {"schema": {"type": "object", "required": ["file"], "properties": {"file": ANY_FILE["schema"]}}}
BODY = {"requestBody": {"content": {"application/octet-stream": ANY_FILE, "multipart/form-data": FORM}}}


class Stored(BaseModel):
    name: str
    size: int


async def _place(filename: str, settings: SettingsDep) -> Path:
    path = locate(settings.upload_dir, filename)
    if path is None:
        raise HTTPException(404, f"no upload can be named {filename}")
    return path


PlaceDep = Annotated[Path, Depends(_place)]


@router.post("/{filename:path}", status_code=201, openapi_extra=BODY)
async def upload(
    filename: str, request: Request, path: PlaceDep, settings: SettingsDep, background: BackgroundTasks
) -> Stored:
    try:
        async with contextmanager_in_threadpool(arriving(settings.upload_dir, path)) as file:
            await receive(request, file)
            size = file.tell()
    except ClientDisconnect as error:
        raise HTTPException(400, "the client left before the end of its upload") from error
    except NAME_TAKEN as error:
        raise HTTPException(409, f"{filename} is a directory, or in a file") from error
    background.add_task(record, request, filename, path)
    return Stored(name=filename, size=size)


@router.get("/{filename:path}", response_class=FileResponse)
def download(filename: str, path: PlaceDep, session: SessionDep) -> FileResponse:
    if not path.is_file():
        raise HTTPException(404, f"upload {filename} not found")
    return FileResponse(path, filename=path.name, headers=digest_headers(session, filename, path))


async def receive(request: Request, file: BinaryIO) -> None:
    """The part named `file` of a form, or else the whole body."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        async for piece in request.stream():
            await run_in_threadpool(file.write, piece)
        return
    async with request.form() as form:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise HTTPException(400, "file is required")
        await run_in_threadpool(shutil.copyfileobj, sent.file, file)


async def record(request: Request, name: str, path: Path) -> None:
    row = await run_in_threadpool(read_upload, name, path)
    async with open_session(request) as session:
        await run_in_threadpool(_add, session, row)


def _add(session: Session, row: object) -> None:
    session.add(row)
    session.commit()
