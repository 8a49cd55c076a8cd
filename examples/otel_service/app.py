"""Short clips, cut from a long video and uploaded at once; every answer tells what was done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Annotated, Any
from uuid import uuid4

from fastapi import FastAPI, Response
from opentelemetry.sdk._logs import LoggerProvider
from pydantic import BaseModel, Field

from examples.otel_service.telemetry import emit, logger_provider
from examples.video_service.provider import UPLOAD, SimulatedProvider, draw

#: Share of cuts that fail, and how often an upload is tried.
CUT_FAILS = 0.1
UPLOAD_TRIES = 2


class Wanted(BaseModel):
    """What a caller asks for; the same words meet the same fate."""

    channel: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]


def create_app(provider: LoggerProvider | None = None, *, seed: int = 1) -> FastAPI:
    """The application; `uvicorn --factory` calls it without arguments."""
    events = provider or logger_provider()
    logger = events.get_logger("video-shorts")
    outside = SimulatedProvider(seed)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        events.shutdown()  # sends what waits

    app = FastAPI(title="Shorts", lifespan=lifespan)

    @app.post("/shorts", status_code=201)
    async def make_short(wanted: Wanted, response: Response) -> dict[str, Any]:
        video: dict[str, Any] = {"id": str(uuid4()), "channel": wanted.channel, "score": None}
        about = {"video.id": video["id"], "channel.id": wanted.channel}
        key = f"{wanted.channel}/{wanted.title}"

        began = perf_counter()
        worked = draw("cut", seed, key) >= CUT_FAILS
        emit(
            logger,
            "pipeline.stage_finished",
            {
                "stage.name": "cut",
                "stage.final": True,
                "outcome": "ok" if worked else "failed",
                "duration": perf_counter() - began,
                "video.id": about["video.id"],
            },
        )
        stages = [{"name": "cut", "worked": worked, "final": True}]
        if not worked:
            response.status_code = 500
            return {"video": video, "stages": stages, "calls": []}

        video["score"] = score = round(5 + 5 * draw("short", seed, key), 1)
        emit(logger, "video.scored", {"video.id": about["video.id"], "video.score": score})
        emit(logger, "video.completed", about)

        call = await upload(about["video.id"], key)
        if call["worked"]:
            emit(logger, "video.uploaded", about)
        return {"video": video, "stages": stages, "calls": [call]}

    async def upload(video: str, key: str) -> dict[str, Any]:
        attempts: list[int] = []
        for attempt in range(1, UPLOAD_TRIES + 1):
            began = perf_counter()
            reply = await outside.ask(UPLOAD, None, key, attempt)
            attempts.append(reply.status)
            emit(
                logger,
                "api.call",
                {
                    "provider": UPLOAD.provider,
                    "operation": UPLOAD.name,
                    "outcome": "ok" if reply.worked else "failed",
                    "call.final": reply.worked or attempt == UPLOAD_TRIES,
                    "call.cached": False,
                    "call.cacheable": False,
                    "call.fallback": False,
                    "http.response.status_code": reply.status,
                    "duration": perf_counter() - began,
                    "video.id": video,
                },
            )
            if reply.worked:
                break
        return {
            "provider": UPLOAD.provider,
            "operation": UPLOAD.name,
            "cacheable": False,
            "cached": False,
            "fallback": False,
            "worked": attempts[-1] < 400,
            "attempts": attempts,
            "avoided": "0",
        }

    return app
