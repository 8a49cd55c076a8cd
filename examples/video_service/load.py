"""Users of the video service: a steady stream of requests, some repeated, some wrong."""

import asyncio
import contextlib
import itertools

import httpx

from examples.video_service.provider import draw

_CHANNELS = ("cats", "chess", "bread")


async def load(url: str, *, per_second: float, seconds: float | None = None) -> int:
    """Let users come until the time is over, or for ever.

    Args:
        url: the service.
        per_second: users.
        seconds: how long; None means until cancelled.

    Returns:
        How many came.
    """
    # The group ends its users before the client closes, also when it is cancelled.
    async with (
        httpx.AsyncClient(base_url=url, timeout=30) as client,
        asyncio.TaskGroup() as users,
    ):
        for number in itertools.count():
            if seconds is not None and number >= seconds * per_second:
                break
            users.create_task(_user(client, number))
            await asyncio.sleep(1 / per_second)
    return number


async def _user(client: httpx.AsyncClient, number: int) -> None:
    """Ask for a video, look at it, and upload it if it was made."""
    mood = draw("mood", number)
    wanted = {
        "channel": _CHANNELS[number % len(_CHANNELS)],
        # Some ask for what another one has asked for.
        "title": f"Episode {number - 3 if mood < 0.1 else number}",
        "topic": f"topic-{int(50 * draw('topic', number))}",
    }
    # A service that goes away is no reason to stop coming.
    with contextlib.suppress(httpx.TransportError):
        answer = await client.post("/videos", json=wanted)
        video = answer.json()["video"]["id"]
        await client.get(f"/videos/{video}")
        if answer.status_code == 201:
            await client.post(f"/videos/{video}/upload")
        if mood > 0.95:
            await client.get("/videos/lost")
            await client.post("/channels/statistics")
