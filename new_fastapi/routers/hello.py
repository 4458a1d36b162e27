"""The smallest route."""

from fastapi import APIRouter

router = APIRouter(tags=["hello"])


@router.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello from the depot"}
