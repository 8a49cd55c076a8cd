"""What the music product's team does: it deploys, is woken up, plans, scans and pays debts."""

from datetime import date
from typing import Final

from loopgauge_demo.world import (
    DAY,
    EVERY_DAY,
    HOUR,
    MINUTE,
    SECOND,
    WORK,
    Stream,
    World,
    ticks,
    weekday,
)

_CI: Final = "musicgen-ci"
_PLANNING: Final = "musicgen-planning"
_ON_CALL: Final = "musicgen-on-call"

_DEPLOYS: Final = Stream(1.8, week=WORK)
_ALERTS: Final = Stream(0.9, week=EVERY_DAY)
_DEFECTS: Final = Stream(0.45, week=WORK)
_STORIES: Final = Stream(2.4, week=WORK)
_DEBTS: Final = Stream(0.5, week=WORK)

#: Sprints of two weeks, as the catalog has them.
_FIRST_SPRINT: Final = (date(2026, 1, 5) - date(1970, 1, 1)).days * DAY
_SPRINT: Final = 14 * DAY
#: How far each component gets for each step that was planned.
_PACE: Final = {
    "backend": 1.02,
    "models": 0.97,
    "frontend": 0.99,
    "infrastructure": 0.9,
    "testing": 0.76,
}

#: Components with their open vulnerabilities: critical, high, medium, low.
_IMAGES: Final = {
    "api": (0, 1, 6, 14),
    "web": (0, 0, 9, 21),
    "model-server": (0, 2, 4, 11),
    # Retired three weeks before the end; what was open in it counts no more.
    "legacy-mixer": (2, 5, 12, 30),
}
_RETIRED: Final = "legacy-mixer"
_RETIRED_BEFORE: Final = 21 * DAY
_SCAN: Final = "security.scan_completed"
_SCANNERS: Final = ("trivy", "grype")
_METHODS: Final = ("squash", "squash", "merge", "rebase")


class Team:
    """Everything of this product that is not a user."""

    def __init__(self) -> None:
        self._began = False
        self._deployed = 0

    def happen(self, world: World, start: int, end: int) -> None:
        """Say everything that begins in this time."""
        if not self._began:
            self._began = True
            for _ in range(24):
                self._debt(world, world.begin)
        self._reports(world, start, end)
        for time in world.arrivals(_DEPLOYS, start, end):
            self._deploy(world, time)
        for time in world.arrivals(_ALERTS, start, end):
            self._alert(world, time)
        for time in world.arrivals(_DEFECTS, start, end):
            defect = {"defect.id": world.number("defect")}
            world.say(time, _PLANNING, "defect.found", defect)
        for time in world.arrivals(_STORIES, start, end):
            self._story(world, time)
        for time in world.arrivals(_DEBTS, start, end):
            self._debt(world, time)

    def _reports(self, world: World, start: int, end: int) -> None:
        for time in ticks(start, end, 6 * HOUR, 2 * HOUR):
            self._coverage(world, time)
        for time in ticks(start, end, DAY, 6 * HOUR):
            self._scans(world, time)
        for time in ticks(start, end, DAY, 16 * HOUR):
            if weekday(time) == 1:
                release = {"release.id": world.number("release")}
                world.say(time, _CI, "release.published", release)
            self._progress(world, time)

    def _coverage(self, world: World, time: int) -> None:
        """Slowly better, on the default branch; a branch of somebody says nothing about it."""
        grown = 0.012 * (time - world.begin) / max(world.end - world.begin, 1)
        for name, share in (("all", 0.901), ("backend", 0.93), ("frontend", 0.84)):
            covered = round(share + min(grown, 0.02) + world.random.uniform(-0.001, 0.001), 4)
            report = {"coverage": covered, "coverage.set": name, "vcs.ref.head.name": "main"}
            world.say(time, _CI, "ci.coverage_reported", report)
        if world.chance(0.4):
            report = {"coverage": 0.62, "coverage.set": "all", "vcs.ref.head.name": "try-a-mixer"}
            world.say(time + 20 * MINUTE, _CI, "ci.coverage_reported", report)

    def _scans(self, world: World, time: int) -> None:
        retired_at = world.end - _RETIRED_BEFORE
        for component, (critical, high, medium, low) in _IMAGES.items():
            if component == _RETIRED and time > retired_at:
                continue
            # Nine days before the end one was found in a library, and mended in three.
            found = component == "api" and 6 * DAY < world.end - time < 9 * DAY
            for scanner in _SCANNERS:
                scan = {
                    "scanner.name": scanner,
                    "component.name": component,
                    "vulnerabilities.critical": critical + found,
                    "vulnerabilities.high": high,
                    "vulnerabilities.medium": medium + (scanner == "grype"),
                    "vulnerabilities.low": low,
                }
                world.say(time + world.random.uniform(1, 15) * MINUTE, _CI, _SCAN, scan)
        if retired_at <= time < retired_at + DAY:
            world.say(time + HOUR, _CI, "component.retired", {"component.name": _RETIRED})

    def _progress(self, world: World, time: int) -> None:
        sprint, phase = divmod(time - _FIRST_SPRINT, _SPRINT)
        planned = phase / _SPRINT
        for component, pace in _PACE.items():
            report = {
                "sprint.id": f"sprint-{sprint + 1}",
                "component.name": component,
                "progress.planned": round(planned, 3),
                "progress.actual": round(min(planned * pace, 1.0), 3),
            }
            world.say(time, _PLANNING, "sprint.progress_reported", report)

    def _deploy(self, world: World, time: float) -> None:
        """One deployment with the changes in it, and what comes of it."""
        deploy = {"deploy.id": world.number("deploy"), "service.version": f"1.{int(time // DAY)}"}
        world.say(time, _CI, "deploy.started", deploy)
        took = world.around(14, 0.35) * MINUTE
        end = time + took
        worked = world.chance(0.93)
        finished = {
            **deploy,
            "outcome": "ok" if worked else "failed",
            "duration": round(took / SECOND, 3),
            "exit_code": 0 if worked else 1,
        }
        world.say(end, _CI, "deploy.finished", finished)
        if not worked:
            return
        for _ in range(world.random.choice((1, 1, 2, 3, 5))):
            change = {
                "change.id": world.number("change"),
                "lead_time": round(world.around(1.4, 0.9) * 86_400, 1),
                "change.merge_method": world.random.choice(_METHODS),
                "deploy.id": deploy["deploy.id"],
            }
            world.say(end, _CI, "change.deployed", change)
        self._deployed += 1
        # Counted and not drawn: four weeks without any rollback would have nothing to show.
        if self._deployed % 11 == 0:
            self._rollback(world, end + world.random.uniform(5, 60) * MINUTE, deploy["deploy.id"])
        elif self._deployed % 13 == 0:
            opened = end + world.random.uniform(10, 600) * MINUTE
            self._incident(world, opened, {"deploy.id": deploy["deploy.id"]})

    def _rollback(self, world: World, time: float, deploy: str) -> None:
        about = {"rollback.id": world.number("rollback"), "deploy.id": deploy}
        world.say(time, _CI, "rollback.started", about)
        took = world.around(150, 0.3) * SECOND
        finished = {
            "rollback.id": about["rollback.id"],
            "outcome": "ok",
            "duration": round(took / SECOND, 3),
        }
        world.say(time + took, _CI, "rollback.finished", finished)

    def _incident(self, world: World, time: float, about: dict[str, str]) -> None:
        incident = {"incident.id": world.number("incident"), "incident.severity": "major", **about}
        world.say(time, _ON_CALL, "incident.opened", incident)
        resolved = time + world.around(48, 0.6) * MINUTE
        only = {"incident.id": incident["incident.id"]}
        world.say(resolved, _ON_CALL, "incident.resolved", only)

    def _alert(self, world: World, time: float) -> None:
        """Fires; a page is answered, unless it goes away by itself before."""
        page = world.chance(0.5)
        alert = {"alert.id": world.number("alert")}
        fired = {**alert, "alert.name": "QueueIsSlow", "alert.severity": "page"}
        if not page:
            fired["alert.severity"] = "ticket"
        world.say(time, _ON_CALL, "alert.fired", fired)
        answered = time + world.around(4, 0.6) * MINUTE
        if page and world.chance(0.85):
            world.say(answered, _ON_CALL, "alert.acknowledged", alert)
            answered += world.around(30, 0.5) * MINUTE
        world.say(answered, _ON_CALL, "alert.resolved", alert)
        if page and world.chance(0.25):
            self._incident(world, time + MINUTE, {})

    def _story(self, world: World, time: float) -> None:
        story = {"story.id": world.number("story")}
        world.say(time, _PLANNING, "story.started", story)
        done = time + world.around(2.4, 0.6) * DAY
        points = {**story, "story.points": world.random.choice((1, 2, 3, 3, 5, 8))}
        world.say(done, _PLANNING, "story.done", points)
        if world.chance(0.06):
            # Opened again, and larger than thought; it counts once, as it was first.
            again = {**story, "story.points": 13}
            world.say(done + world.random.uniform(1, 4) * DAY, _PLANNING, "story.done", again)

    def _debt(self, world: World, time: float) -> None:
        debt = {"debt.id": world.number("debt")}
        opened = {
            **debt,
            "debt.priority": world.random.choice(("high", "medium", "medium", "low", "low")),
            "debt.estimate_hours": world.random.choice((2, 4, 8, 16, 40)),
        }
        world.say(time, _PLANNING, "debt.opened", opened)
        if world.chance(0.8):
            world.say(time + world.random.uniform(4, 70) * DAY, _PLANNING, "debt.closed", debt)
