"""Arrivals at one stop, pushed over a websocket until the last one or until the client leaves."""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from new_fastapi.arrivals import next_arrivals
from new_fastapi.dependencies import open_session
from new_fastapi.models import MAX_ID

router = APIRouter()

MOST = 20
PAUSE = 0.02  # seconds between two arrivals


@router.websocket("/live")
async def live(websocket: WebSocket, stop: Annotated[int, Query(le=MAX_ID)] = 1) -> None:
    async with open_session(websocket) as session:
        arrivals = await run_in_threadpool(next_arrivals, session, limit=MOST, stop_id=stop)
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        for arrival in arrivals:
            await websocket.send_text(arrival.model_dump_json())
            await asyncio.sleep(PAUSE)
        await websocket.close()
