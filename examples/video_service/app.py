"""The HTTP face of the example. Every answer tells what was done, so that a caller can count.

The service itself keeps no success metric: it emits events, and LoopGauge counts.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from loopgauge import Emitter
from loopgauge.asgi import LoopGaugeMiddleware
from pydantic import BaseModel, Field

from examples.video_service.pipeline import Pipeline, ProviderError, RenderError, Video, Work

_Word = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class Wanted(BaseModel):
    """What a caller asks for."""

    channel: _Word
    title: Annotated[str, Field(min_length=1, max_length=200)]
    topic: _Word


class Failed(Exception):
    """Work that ended badly; the answer still tells all that was done."""

    def __init__(self, status: int, reason: str, video: Video, work: Work) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.video = video
        self.work = work


def create_app(emit: Emitter | None = None, *, seed: int | None = None) -> FastAPI:
    """The application; `uvicorn --factory` calls it without arguments.

    Args:
        emit: where events go; by default an emitter for LOOPGAUGE_ENDPOINT.
        seed: how the simulated world behaves; by default VIDEO_SERVICE_SEED, else 1.
    """
    if emit is None:
        emit = Emitter(product="ytempire", service="video-api")
    if seed is None:
        seed = int(os.environ.get("VIDEO_SERVICE_SEED", "1"))
    pipeline = Pipeline(emit, seed=seed)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        emit.close()  # sends what waits

    app = FastAPI(title="Video service", lifespan=lifespan)
    app.add_middleware(LoopGaugeMiddleware, emitter=emit)

    @app.exception_handler(Failed)
    async def failed(_request: Request, error: Failed) -> JSONResponse:
        return JSONResponse(
            {"detail": error.reason, "video": asdict(error.video), **_told(error.work)},
            status_code=error.status,
        )

    @app.post("/videos", status_code=201)
    async def make_video(wanted: Wanted) -> dict[str, Any]:
        video = pipeline.request(wanted.channel, wanted.title, wanted.topic)
        work = Work()
        try:
            await pipeline.make(video, work)
        except ProviderError as error:
            raise Failed(502, str(error), video, work) from error
        except RenderError as error:
            raise Failed(500, str(error), video, work) from error
        return {"video": asdict(video), **_told(work)}

    @app.get("/videos/{video_id}")
    async def show_video(video_id: str) -> dict[str, Any]:
        return {"video": asdict(_known(video_id))}

    @app.post("/videos/{video_id}/upload")
    async def upload_video(video_id: str) -> dict[str, Any]:
        video = _known(video_id)
        if video.state not in {"completed", "uploaded"}:
            raise HTTPException(409, "this video is not finished")
        work = Work()
        try:
            await pipeline.upload(video, work)
        except ProviderError as error:
            raise Failed(502, str(error), video, work) from error
        return {"video": asdict(video), **_told(work)}

    @app.post("/channels/statistics")
    async def read_statistics() -> dict[str, Any]:
        work = Work()
        subscribers = await pipeline.statistics(work)
        return {"subscribers": subscribers, **_told(work)}

    def _known(video_id: str) -> Video:
        video = pipeline.videos.get(video_id)
        if video is None:
            raise HTTPException(404, "there is no such video")
        return video

    return app


def _told(work: Work) -> dict[str, Any]:
    """What was done, with money as text because floats lose cents."""
    return {
        "stages": [asdict(stage) for stage in work.stages],
        "calls": [
            asdict(call) | {"cost": format(call.cost, "f"), "avoided": format(call.avoided, "f")}
            for call in work.calls
        ],
    }
