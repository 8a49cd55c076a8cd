"""The music generation product: people who register, ask for music, give up, and come back."""

from random import Random
from typing import Final

from loopgauge_demo.musicgen_team import Team
from loopgauge_demo.routes import Route, answered
from loopgauge_demo.world import DAY, HOUR, MINUTE, SECOND, Stream, World, ticks

_API: Final = "musicgen-api"
_WEB: Final = "musicgen-web"
_PROBER: Final = "musicgen-prober"

_REQUESTS: Final = Stream(2300, live_per_minute=360)
_NEWCOMERS: Final = Stream(36, live_per_minute=3)
_SESSIONS: Final = Stream(280, live_per_minute=15)
_SURVEYS: Final = Stream(4)

#: People who come back are mostly the newer ones.
_REGULARS: Final = 500


_GENERATE: Final = Route("/v1/generations", "POST", 0.082)
_SHOW: Final = Route("/v1/generations/{generation_id}", "GET", 0.048)
_LIBRARY: Final = Route("/v1/library", "GET", 0.061)
_ACCOUNT: Final = Route("/v1/users/me", "GET", 0.022)
_STREAM: Final = Route("/v1/generations/{generation_id}/stream", "GET", 9.0)
_HEALTH: Final = Route("/health", "GET", 0.002)
_ROUTES: Final = (_GENERATE, *[_SHOW] * 4, *[_LIBRARY] * 3, *[_ACCOUNT] * 2, _STREAM, _HEALTH)

_MODELS: Final = ("melody-2", "melody-2", "melody-3")
_CHANNELS: Final = ("search", "search", "friend", "video", "newsletter")
# Not what was hoped for: this target is missed.
_SCORES: Final = (5, 5, 5, 5, 5, 4, 4, 4, 3, 2)


class MusicGen:
    """Users and the service they use; what its team does is in `musicgen_team`."""

    name = "musicgen"

    def __init__(self) -> None:
        self._team = Team()
        self._users = [f"regular-{number}" for number in range(_REGULARS)]
        self._outages: tuple[tuple[int, int], ...] = ()

    def happen(self, world: World, start: int, end: int) -> None:
        """Say everything that begins in this time."""
        if not self._outages:
            # Two in the last four weeks: 26 min of the 40 that 99.9 % leave.
            self._outages = tuple(
                (world.end - int(ago * DAY), minutes * MINUTE)
                for ago, minutes in ((52.4, 31), (33.7, 12), (19.2, 17), (5.6, 9))
            )
        self._requests(world, start, end)
        self._probes(world, start, end)
        for time in world.arrivals(_NEWCOMERS, start, end):
            self._newcomer(world, time)
        for time in world.arrivals(_SESSIONS, start, end):
            self._session(world, time)
        for time in world.arrivals(_SURVEYS, start, end):
            score = world.random.choice(_SCORES)
            answer = {"survey.id": "quarterly", "survey.score": score, "user.id": self._any(world)}
            world.say(time, _WEB, "survey.answered", answer)
        self._team.happen(world, start, end)

    def _requests(self, world: World, start: int, end: int) -> None:
        random = world.random
        for time in world.arrivals(_REQUESTS, start, end):
            route = random.choice(_ROUTES)
            duration = route.median * random.lognormvariate(0.0, 0.5)
            # In the incident the model servers let some callers wait.
            if route is not _HEALTH and world.trouble(time) is not None and world.chance(0.2):
                duration += random.uniform(0.8, 2.4)
            world.say(time, _API, "api.request", answered(route, _status(random), duration))

    def _probes(self, world: World, start: int, end: int) -> None:
        """Two places ask every minute whether the system is up; one of them since four weeks."""
        for time in ticks(start, end, MINUTE, 7 * SECOND):
            down = any(begin <= time < begin + length for begin, length in self._outages)
            self._probe(world, time, "frankfurt", down=down)
            if time >= world.end - 28 * DAY:
                # The way from there is bad at times; up is what any location saw up.
                unreachable = down or world.chance(0.002)
                self._probe(world, time + 20 * SECOND, "virginia", down=unreachable)

    def _probe(self, world: World, time: int, location: str, *, down: bool) -> None:
        world.say(
            time,
            _PROBER,
            "probe.checked",
            {
                "probe.component": "system",
                "probe.location": location,
                "outcome": "failed" if down else "ok",
                "duration": 10.0 if down else round(world.around(0.06, 0.3), 4),
            },
        )

    def _newcomer(self, world: World, time: float) -> None:
        """Registers; most make music at once, some later, and some never."""
        user = world.number("user")
        about = {"user.id": user, "signup.channel": world.random.choice(_CHANNELS)}
        if world.chance(0.02):
            world.say(time, _API, "user.registered", {**about, "user.internal": True})
            return
        world.say(time, _API, "user.registered", about)
        mood = world.random.random()
        if mood < 0.68:
            self._generate(world, time + world.around(1.5, 0.5) * MINUTE, user)
        elif mood < 0.82:
            self._generate(world, time + world.random.uniform(0.5, 96) * HOUR, user)
        self._users.append(user)

    def _session(self, world: World, time: float) -> None:
        user = self._any(world)
        about = {"session.id": world.number("session"), "user.id": user}
        world.say(time, _WEB, "session.started", about)
        if world.chance(0.006):
            later = time + world.random.uniform(2, 40) * MINUTE
            ticket = {"ticket.id": world.number("ticket"), "user.id": user}
            world.say(later, _WEB, "ticket.opened", ticket)
        for _ in range(world.random.choice((0, 1, 1, 1))):
            time += world.random.uniform(0.5, 4) * MINUTE
            self._generate(world, time, user)

    def _generate(self, world: World, time: float, user: str) -> None:
        """Music that is made, cancelled, failed and tried again, or never heard of any more."""
        about = {
            "generation.id": world.number("generation"),
            "user.id": user,
            "gen_ai.request.model": world.random.choice(_MODELS),
        }
        world.say(time, _API, "generation.started", about)
        fate = world.random.random()
        if fate < 0.03:
            cancelled = {"generation.id": about["generation.id"], "user.id": user}
            end = time + world.random.uniform(3, 40) * SECOND
            world.say(end, _API, "generation.cancelled", cancelled)
        elif fate < (0.12 if world.trouble(time) else 0.052):
            end = time + world.around(15, 0.6) * SECOND
            world.say(end, _API, "generation.failed", {**about, "error.type": "OutOfMemory"})
            if world.chance(0.6):
                self._generate(world, end + world.around(20, 0.4) * SECOND, user)
        elif fate < 0.997:
            length = world.around(28, 0.5) * (3 if world.trouble(time) else 1)
            world.say(time + length * SECOND, _API, "generation.completed", about)

    def _any(self, world: World) -> str:
        return self._users[-1 - int(world.random.random() * _REGULARS)]


def _status(random: Random) -> int:
    draw = random.random()
    if draw < 0.0003:
        return 503
    if draw < 0.0203:
        return random.choice((400, 401, 404, 404, 429))
    return 499 if draw < 0.0233 else 200
