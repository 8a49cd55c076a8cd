"""How a video is made and published: stages that fail and are tried again, each an event."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from loopgauge import Emitter

from examples.video_service.calls import Call, Providers
from examples.video_service.provider import (
    CHAT,
    SPEECH,
    STATISTICS,
    UPLOAD,
    SimulatedProvider,
    draw,
)

#: How often a stage is tried before the video is given up.
STAGE_TRIES = 2
#: Share of renderings that fail, by themselves and without any provider.
_RENDER_FAILS = 0.12

_NAMESPACE = uuid.UUID("c3f0a6de-7a0f-5b0a-9d5e-2f9f1c1d7b11")


@dataclass(frozen=True, slots=True)
class Stage:
    """One try of one stage."""

    name: str
    worked: bool
    final: bool


@dataclass(slots=True)
class Work:
    """What was done for one request: every stage and every call."""

    stages: list[Stage] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Video:
    """A video; asking for the same title again makes it anew under the same id."""

    id: str
    channel: str
    title: str
    topic: str
    state: Literal["making", "completed", "failed", "uploaded"] = "making"
    score: float | None = None
    generation: int = 0
    uploads: int = 0


class RenderError(Exception):
    """The service's own work failed, not a provider's."""


class ProviderError(Exception):
    """A provider did not answer, however often it was asked."""


class Pipeline:
    """Makes videos, uploads them, and reads what became of the channels.

    Args:
        emit: where the events go.
        seed: decides how the simulated work and the simulated providers behave.
        failing: share of attempts at providers that fail.
    """

    def __init__(self, emit: Emitter, *, seed: int, failing: float = 0.3) -> None:
        self._emit = emit
        self._seed = seed
        self._outside = SimulatedProvider(seed, failing=failing)
        self._providers = Providers(emit, self._outside)
        self.videos: dict[str, Video] = {}

    def request(self, channel: str, title: str, topic: str) -> Video:
        """Note that somebody wants a video; the same title on the same channel is the same one."""
        identity = str(uuid.uuid5(_NAMESPACE, f"{channel}/{title}"))
        video = self.videos.setdefault(identity, Video(identity, channel, title, topic))
        video.generation += 1
        self._emit.event("video.requested", {"video.id": video.id, "channel.id": channel})
        return video

    async def make(self, video: Video, work: Work) -> None:
        """Run all stages and score the result.

        Args:
            video: what to make; its state and score are set.
            work: takes what was done, also when it fails.

        Raises:
            ProviderError, RenderError: the stage that failed for good.
        """
        about = {"video.id": video.id, "channel.id": video.channel}
        key = f"{video.id}#{video.generation}"
        self._emit.event("video.started", about)
        try:
            await self._stage("script", video, work, lambda n: self._script(video, work, key, n))
            await self._stage("voice", video, work, lambda n: self._voice(video, work, key, n))
            await self._stage("render", video, work, lambda n: self._render(key, n))
        except (ProviderError, RenderError):
            video.state = "failed"
            self._emit.event("video.failed", about)
            raise
        video.score = round(5 + 5 * draw("score", self._seed, key), 1)
        video.state = "completed"
        self._emit.event("video.scored", {"video.id": video.id, "video.score": video.score})
        self._emit.event("video.completed", about)

    async def upload(self, video: Video, work: Work) -> None:
        """Put a finished video on the platform; a second time replaces it there.

        Raises:
            ProviderError: the platform did not take it.
        """
        about = {"video.id": video.id, "channel.id": video.channel}
        video.uploads += 1
        self._emit.event("upload.started", about)
        prompt = f"{video.id}#{video.uploads}"
        call = await self._providers.call(UPLOAD, prompt, video=video.id)
        work.calls.append(call)
        if not call.worked:
            self._emit.event("upload.failed", about)
            raise ProviderError("the platform did not take the video")
        video.state = "uploaded"
        self._emit.event("video.uploaded", about)

    async def statistics(self, work: Work) -> dict[str, int]:
        """Read the subscribers of every channel that has an upload, and report them."""
        uploads: dict[str, int] = {}
        for video in self.videos.values():
            if video.state == "uploaded":
                uploads[video.channel] = uploads.get(video.channel, 0) + 1
        found = {}
        for channel, number in sorted(uploads.items()):
            call = await self._providers.call(STATISTICS, f"{channel}#{number}")
            work.calls.append(call)
            if call.worked:
                found[channel] = self._outside.subscribers(channel, number)
                self._emit.event(
                    "channel.stats_reported",
                    {"channel.id": channel, "channel.subscribers": found[channel]},
                )
        return found

    async def _stage(
        self, name: str, video: Video, work: Work, run: Callable[[int], Awaitable[None]]
    ) -> None:
        """Try a stage until it works; every try is an event, the last one is final."""
        for number in range(1, STAGE_TRIES + 1):
            final = number == STAGE_TRIES
            try:
                # An exception that leaves the block makes the outcome `error`.
                with self._emit.timed(
                    "pipeline.stage_finished",
                    {"stage.name": name, "stage.final": final, "video.id": video.id},
                ) as timing:
                    await run(number)
                    timing.set_attribute("stage.final", value=True)
            except (ProviderError, RenderError):
                work.stages.append(Stage(name, worked=False, final=final))
                if final:
                    raise
            else:
                work.stages.append(Stage(name, worked=True, final=True))
                return

    async def _script(self, video: Video, work: Work, key: str, number: int) -> None:
        prompt = f"{key} script {number}"
        call = await self._providers.call(CHAT, prompt, topic=video.topic, video=video.id)
        work.calls.append(call)
        if not call.worked:
            raise ProviderError("nobody wrote the script")

    async def _voice(self, video: Video, work: Work, key: str, number: int) -> None:
        call = await self._providers.call(SPEECH, f"{key} voice {number}", video=video.id)
        work.calls.append(call)
        if not call.worked:
            raise ProviderError("nobody spoke the text")

    async def _render(self, key: str, number: int) -> None:
        await asyncio.sleep(0.002 * draw("render takes", self._seed, key, number))
        if draw("render", self._seed, key, number) < _RENDER_FAILS:
            raise RenderError("the renderer ran out of memory")
