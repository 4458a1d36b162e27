"""The first arrivals of the day as server-sent events; the stream ends after them."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from new_fastapi.arrivals import Arrival, next_arrivals
from new_fastapi.dependencies import SessionDep

router = APIRouter(tags=["arrivals"])

EVENTS = 5
PAUSE = 0.02  # seconds between two events


@router.get("/events", response_class=StreamingResponse)
def events(session: SessionDep) -> StreamingResponse:
    arrivals = next_arrivals(session, limit=EVENTS)
    return StreamingResponse(stream(arrivals), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


async def stream(arrivals: list[Arrival]) -> AsyncIterator[str]:
    for number, arrival in enumerate(arrivals, start=1):
        yield f"id: {number}\nevent: arrival\ndata: {arrival.model_dump_json()}\n\n"
        await asyncio.sleep(PAUSE)
