"""The sponsor attribution: sign-up, campaigns that take two weeks, visits, pages and reports."""

import math
from typing import Final

from loopgauge_demo.routes import Route, answered
from loopgauge_demo.world import DAY, HOUR, MINUTE, SECOND, WORK, Attributes, Stream, World, ticks

_API: Final = "campaign-api"
_WEB: Final = "campaign-web"
_CI: Final = "campaign-ci"
_INGEST: Final = "attribution-ingest"

_REQUESTS: Final = Stream(1150, live_per_minute=240, week=WORK)
_NEWCOMERS: Final = Stream(13, live_per_minute=2, week=WORK)
_CAMPAIGNS: Final = Stream(9, live_per_minute=1, week=WORK)
_VISITS: Final = Stream(760, live_per_minute=60)
_TEST_CLICKS: Final = Stream(130, live_per_minute=2)
_PAGES: Final = Stream(560, live_per_minute=40, week=WORK)
_QUERIES: Final = Stream(260, live_per_minute=36, week=WORK)
_BETA: Final = Stream(0.5, week=WORK)

#: Share of page views whose browser measured nothing usable: lost, and known to be lost.
_BROKEN: Final = 0.012

_REGULARS: Final = 160
_CHANNELS: Final = ("podcast", "podcast", "search", "partner")
_PATHS: Final = ("/campaigns", "/campaigns/{campaign_id}", "/analytics", "/onboarding", "/reports")
# Nobody opens "sponsors"; that it is 0 can be seen because the catalog lists it.
_VIEWS: Final = ("overview", "overview", "attribution", "conversions", "revenue", "episodes")
_FRICTIONS: Final = ("rage_click", "form_abandoned", "form_abandoned", "dead_end")
_SCORES: Final = {
    "clarity": 4,
    "architecture": 3,
    "velocity": 4,
    "reliability": 3,
    "learning": 5,
}


_LIVE: Final = Route("/v1/live", "GET", 60.0)
_ROUTES: Final = (
    Route("/v1/campaigns", "GET", 0.18),
    Route("/v1/campaigns", "POST", 0.31),
    *[Route("/v1/campaigns/{campaign_id}", "GET", 0.14)] * 2,
    *[Route("/v1/analytics", "GET", 0.62)] * 2,
    Route("/v1/reports", "POST", 0.82),
    *[Route("/v1/attributions", "POST", 0.05)] * 3,
    _LIVE,
)


class Campaigns:
    """Users, their campaigns and the visitors of their sponsors."""

    name = "campaigns"

    def __init__(self) -> None:
        self._users = [f"regular-{number}" for number in range(_REGULARS)]

    def happen(self, world: World, start: int, end: int) -> None:
        """Say everything that begins in this time."""
        for time in world.arrivals(_NEWCOMERS, start, end):
            self._newcomer(world, time)
        for time in world.arrivals(_CAMPAIGNS, start, end):
            self._campaign(world, time, self._any(world))
        for time in world.arrivals(_VISITS, start, end):
            about = {"attribution.id": world.number("visit"), "user.id": self._any(world)}
            self._visit(world, time, about)
        for time in world.arrivals(_TEST_CLICKS, start, end):
            self._test_click(world, time)
        self._requests(world, start, end)
        self._pages(world, start, end)
        for time in world.arrivals(_BETA, start, end):
            session = {
                "session.id": world.number("session"),
                "user.id": f"beta-{world.random.randint(1, 9)}",
                "session.beta": True,
                "session.aided": world.chance(0.45),
            }
            world.say(time, _WEB, "session.completed", session)
        self._reports(world, start, end)

    def _newcomer(self, world: World, time: float) -> None:
        """Signs up; some go through the whole loop in one sitting, some come back, some never."""
        user = world.number("user")
        about = {"user.id": user}
        channel = world.random.choice(_CHANNELS)
        world.say(time, _API, "user.registered", {**about, "signup.channel": channel})
        mood = world.random.random()
        if mood < 0.86:
            created = time + world.around(4.2, 0.6) * MINUTE
            self._first_loop(world, created, user, ends=mood < 0.55)
        elif mood < 0.92:
            later = time + world.random.uniform(1, 120) * HOUR
            self._campaign(world, later, user)
        else:
            self._friction(world, time + 3 * MINUTE, user, "/onboarding")
        self._users.append(user)

    def _first_loop(self, world: World, time: float, user: str, *, ends: bool) -> None:
        campaign = {"campaign.id": world.number("campaign"), "user.id": user}
        world.say(time, _API, "campaign.created", campaign)
        time += world.around(1.6, 0.5) * MINUTE
        world.say(time, _API, "attribution.configured", campaign)
        if not ends:
            self._friction(world, time + MINUTE, user, "/campaigns/{campaign_id}")
            if world.chance(0.75):
                self._finish(world, time + world.random.uniform(1, 12) * DAY, campaign)
            return
        self._view(world, time + world.around(1.2, 0.5) * MINUTE, campaign)
        self._finish(world, time + world.around(3.5, 0.4) * MINUTE, campaign)

    def _campaign(self, world: World, time: float, user: str) -> None:
        """A campaign of somebody who knows the way: two thirds end within two weeks."""
        campaign = {"campaign.id": world.number("campaign"), "user.id": user}
        world.say(time, _API, "campaign.created", campaign)
        if world.chance(0.05):
            deleted = time + world.random.uniform(1, 90) * HOUR
            world.say(deleted, _API, "campaign.deleted", campaign)
            return
        if world.chance(0.86):
            configured = time + world.around(20, 1.0) * MINUTE
            world.say(configured, _API, "attribution.configured", campaign)
            if world.chance(0.68):
                self._finish(world, configured + world.random.uniform(0.5, 13) * DAY, campaign)

    def _finish(self, world: World, time: float, campaign: dict[str, str]) -> None:
        report = {"report.id": world.number("report"), **campaign}
        if world.chance(0.04):
            failed = {**report, "error.type": "Timeout"}
            world.say(time - MINUTE, _API, "report.failed", failed)
        world.say(time, _API, "report.generated", report)
        world.say(time, _API, "campaign.completed", campaign)

    def _visit(self, world: World, time: float, about: dict[str, str]) -> None:
        world.say(time, _INGEST, "attribution.recorded", about)
        only = {"attribution.id": about["attribution.id"]}
        seen = time + world.around(1.3, 0.65) * SECOND
        world.say(seen, _INGEST, "attribution.visible", only)

    def _test_click(self, world: World, time: float) -> None:
        """A visit that must be recorded; a browser that blocks keeps some from us."""
        only = {"attribution.id": world.number("test-click")}
        source = "promo_code" if world.chance(0.3) else "test_click"
        world.say(time, _INGEST, "attribution.expected", {**only, "attribution.source": source})
        if world.chance(0.972):
            recorded = time + world.around(3, 0.8) * SECOND
            self._visit(world, recorded, {**only, "user.id": self._any(world)})

    def _requests(self, world: World, start: int, end: int) -> None:
        for time in world.arrivals(_REQUESTS, start, end):
            route = world.random.choice(_ROUTES)
            draw = world.random.random()
            status = 500 if draw < 0.003 else 404 if draw < 0.03 else 200
            request = answered(route, status, world.around(route.median, 0.42))
            world.say(time, _API, "api.request", request)
        for time in world.arrivals(_QUERIES, start, end):
            about: Attributes = {"user.id": self._any(world)}
            query = {
                "analytics.view": world.random.choice(_VIEWS),
                "duration": round(world.around(0.55, 0.62), 6),
                **about,
            }
            world.say(time, _API, "analytics.queried", query)
            if world.chance(0.3):
                self._view(world, time + SECOND, about)

    def _pages(self, world: World, start: int, end: int) -> None:
        for time in world.arrivals(_PAGES, start, end):
            broken = world.chance(_BROKEN)
            page = {
                "page.path": world.random.choice(_PATHS),
                # The library refuses NaN: the event is numbered and never arrives.
                "duration": math.nan if broken else round(world.around(1.15, 0.58), 4),
                "page.hidden": world.chance(0.06),
                "page.bot": world.chance(0.04),
            }
            world.say(time, _WEB, "page.loaded", page)
            if world.chance(0.03):
                self._friction(world, time, self._any(world), world.random.choice(_PATHS))

    def _reports(self, world: World, start: int, end: int) -> None:
        for time in ticks(start, end, 6 * HOUR, 90 * MINUTE):
            for name, share in (("all", 0.094), ("critical_path", 0.57)):
                report = {"coverage": share, "coverage.set": name, "vcs.ref.head.name": "main"}
                world.say(time, _CI, "ci.coverage_reported", report)
            suite = {
                "suite.name": "loop",
                "suite.result": "passed" if world.chance(0.97) else "failed",
                "duration": round(world.around(23.5, 0.06), 2),
            }
            world.say(time + 2 * MINUTE, _CI, "ci.suite_finished", suite)
        for time in ticks(start, end, 14 * DAY, 5 * DAY + 15 * HOUR):
            for dimension, score in _SCORES.items():
                scored = {"sprint.dimension": dimension, "sprint.score": score}
                world.say(time, _CI, "sprint.scored", scored)

    def _view(self, world: World, time: float, about: Attributes) -> None:
        view = {"analytics.view": world.random.choice(_VIEWS), **about}
        world.say(time, _WEB, "analytics.viewed", view)

    def _friction(self, world: World, time: float, user: str, path: str) -> None:
        stuck = {
            "friction.kind": world.random.choice(_FRICTIONS),
            "page.path": path,
            "user.id": user,
        }
        world.say(time, _WEB, "friction.detected", stuck)

    def _any(self, world: World) -> str:
        return self._users[-1 - int(world.random.random() * _REGULARS)]
