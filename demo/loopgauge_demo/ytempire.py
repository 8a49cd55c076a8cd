"""The video production: channels, users, models and bills; the videos are in `ytempire_video`."""

from datetime import UTC, datetime
from typing import Final

from loopgauge_demo.routes import Route, answered
from loopgauge_demo.world import DAY, HOUR, MINUTE, SECOND, WORK, Stream, World, ticks, weekday
from loopgauge_demo.ytempire_video import CHANNELS, RUNWAY, Pipeline

_API: Final = "ytempire-api"
_BILLING: Final = "ytempire-billing"
_CI: Final = "ytempire-ci"
_WORKER: Final = "video-worker"
_PUBLISHER: Final = "video-publisher"

_REQUESTS: Final = Stream(350, live_per_minute=20, week=WORK)
_SESSIONS: Final = Stream(28, live_per_minute=1, week=WORK)
# More videos in live time, so that what the outage cost is soon spread over many.
_VIDEOS: Final = Stream(3.8, live_per_minute=2, busy_per_minute=1 / 12)
_SCORES: Final = Stream(480, live_per_minute=10)
#: In the outage a call is tried again and again, 50 times for $115. Some fifty videos of $1.20
#: in the week before do not carry that below $3; with those of the minutes after it, they do.
_STUCK_EVERY: Final = 6 * SECOND
_STUCK_COSTS: Final = "2.30"

_USERS: Final = 41
_ROUTES: Final = ("/videos", "/videos", "/videos/{video_id}", "/channels", "/channels/{channel_id}")
#: The second model version came after half of the history, and its scores move slowly.
_NEW_MODEL_BEFORE: Final = 34 * DAY
#: A trial of a provider whose price nobody has entered: the one cost without a price.
UNPRICED: Final = "luma"


class YtEmpire:
    """Users of the studio, its channels and what it pays for."""

    name = "ytempire"

    def __init__(self) -> None:
        self._pipeline = Pipeline()

    def happen(self, world: World, start: int, end: int) -> None:
        """Say everything that begins in this time."""
        self._use(world, start, end)
        for time in world.arrivals(_VIDEOS, start, end):
            self._pipeline.make(world, time, self._user(world))
        for time in ticks(start, end, DAY, 8 * HOUR):
            if weekday(time) == 0:
                # The week's plan: many at once.
                for _ in range(9):
                    self._pipeline.make(world, time, self._user(world))
        self._predict(world, start, end)
        self._pay(world, start, end)
        self._report(world, start, end)

    def _use(self, world: World, start: int, end: int) -> None:
        for time in world.arrivals(_REQUESTS, start, end):
            route = Route(world.random.choice(_ROUTES), "GET", 0.04)
            status = 200 if world.chance(0.985) else 404
            request = answered(route, status, world.around(route.median, 0.6))
            world.say(time, _API, "api.request", request)
        for time in world.arrivals(_SESSIONS, start, end):
            session = {"session.id": world.number("session"), "user.id": self._user(world)}
            world.say(time, _API, "session.started", session)

    def _predict(self, world: World, start: int, end: int) -> None:
        """Two versions score thumbnails; the newer one begins to drift."""
        new_since = world.end - _NEW_MODEL_BEFORE
        for time in world.arrivals(_SCORES, start, end):
            version, mean = "3", 0.58
            if time >= new_since and world.chance(0.5):
                version, mean = "4", 0.56 + 0.09 * (time - new_since) / _NEW_MODEL_BEFORE
            score: float = min(max(world.random.gauss(mean, 0.16), 0.0), 1.0)
            if world.chance(0.004):
                # A worker that was forgotten sends percent; the collector sets that aside.
                score = 100 * score + 1
            prediction = {
                "model.name": "thumbnail",
                "model.version": version,
                "model.score": round(score, 4),
            }
            world.say(time, _WORKER, "model.predicted", prediction)

    def _pay(self, world: World, start: int, end: int) -> None:
        for time in ticks(start, end, 6 * HOUR, 30 * MINUTE):
            machine = {"provider": "hosting", "operation": "storage", "cost.kind": "storage"}
            bill = {**machine, "cost.amount": "0.21", "cost.currency": "USD"}
            world.say(time, _BILLING, "cost.incurred", bill)
        trial = _trial(world.end)
        if start <= trial < end:
            use = {"provider": UNPRICED, "operation": "video", "model": "dream-1"}
            seconds = {**use, "cost.kind": "api", "cost.quantity": 40, "cost.unit": "second"}
            world.say(trial, _WORKER, "cost.incurred", seconds)
        if start >= world.end:
            for stuck in ticks(start, end, _STUCK_EVERY):
                if world.trouble(stuck) is not None:
                    self._pipeline.attempt(
                        world, stuck, RUNWAY, {}, failed=True, billed=_STUCK_COSTS
                    )

    def _report(self, world: World, start: int, end: int) -> None:
        for time in ticks(start, end, 12 * HOUR, 3 * HOUR):
            self._channels(world, time)
        for time in ticks(start, end, 6 * HOUR, HOUR):
            for name, share in (("all", 0.664), ("backend", 0.823), ("frontend", 0.41)):
                covered = round(share + world.random.uniform(-0.004, 0.004), 4)
                report = {"coverage": covered, "coverage.set": name, "vcs.ref.head.name": "main"}
                world.say(time, _CI, "ci.coverage_reported", report)

    def _channels(self, world: World, time: int) -> None:
        """The platform's numbers: of a channel's whole life, and revised now and then."""
        age = (time - world.begin) / DAY
        for rank, channel in enumerate(CHANNELS, start=1):
            views = int((180_000 + 2_600 * age) / rank * (1 + 0.002 * world.random.random()))
            statistics = {
                "channel.id": channel,
                "channel.subscribers": int((4_100 + 38 * age) / rank),
                "channel.views": views,
                "channel.likes": int(views * 0.041),
                "channel.comments": int(views * 0.006),
                "channel.revenue": f"{views * 0.0021:.2f}",
            }
            world.say(time, _PUBLISHER, "channel.stats_reported", statistics)
            self._pipeline.platform(world, time, "statistics", units=1)

    def _user(self, world: World) -> str:
        return f"editor-{int(_USERS * world.random.random()) + 1}"


def _trial(end: int) -> int:
    """The first morning of the month, so that only this month's budget is in doubt."""
    now = datetime.fromtimestamp(end / 1_000_000, UTC)
    month = int(now.replace(day=1, hour=0, minute=0, second=0).timestamp()) * 1_000_000
    return month + min(9 * HOUR, (end - month) // 2)
