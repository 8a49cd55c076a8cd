"""What the KPIs of product `ytempire` must be, counted from a service's HTTP answers.

Nothing here knows the collector, the catalog or the events: rows and targets are those of
the document, definitions those of the KPI semantics, done by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import comb, fsum, sqrt
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """One KPI as it must come out.

    Attributes:
        metric: the PromQL selector of its value.
        value: the number.
        samples: the events that it rests on.
        state: the state that section 4 of the semantics gives.
        parts: PromQL selector of a breakdown's series -> its number.
    """

    metric: str
    value: float
    samples: int
    state: str = "ok"
    parts: dict[str, float] = field(default_factory=dict)


class VideoTally:
    """Adds up answers."""

    def __init__(self) -> None:
        self.completed: set[str] = set()
        self.uploaded: set[str] = set()
        self.scores: list[float] = []
        self.last_scores: dict[str, float] = {}
        self.stages: list[Json] = []
        self.calls: list[Json] = []
        self.subscribers: dict[str, int] = {}
        self.coverage: dict[str, float] = {}
        self.statuses: list[int] = []

    def work(self, status: int, answer: Json) -> None:
        """Stages and calls that an answer tells of, whether it is a good one or not."""
        self.statuses.append(status)
        self.stages += answer.get("stages", [])
        self.calls += answer.get("calls", [])

    def made(self, status: int, answer: Json) -> None:
        """The answer to a request for a video."""
        self.work(status, answer)
        if status == 201:
            self.completed.add(answer["video"]["id"])
            self.scores.append(answer["video"]["score"])
            self.last_scores[answer["video"]["id"]] = answer["video"]["score"]

    def upload(self, status: int, answer: Json) -> None:
        """The answer to a request for an upload."""
        self.work(status, answer)
        if status == 200:
            self.uploaded.add(answer["video"]["id"])

    def statistics(self, status: int, answer: Json) -> None:
        """The answer to a request for the channels' numbers."""
        self.work(status, answer)
        self.subscribers |= answer["subscribers"]

    def expected(self) -> dict[str, Expected]:
        """The KPIs by their keys; those that nothing was reported for are left out."""
        return self._videos() | self._calls() | self._savings() | self._reports()

    def _videos(self) -> dict[str, Expected]:
        """B1, B5, B6a, B9a and B9b."""
        final = [stage for stage in self.stages if stage["final"]]
        mean = fsum(self.scores) / len(self.scores)
        return {
            "videos_generated": Expected(
                'ytempire_videos_generated{window="7d"}', len(self.completed), len(self.completed)
            ),
            "uploads": Expected(
                'ytempire_uploads{window="7d"}', len(self.uploaded), len(self.uploaded)
            ),
            "pipeline_errors": share(
                "pipeline_errors",
                "7d",
                [{"stage_name": stage["name"], **stage} for stage in final],
                lambda stage: not stage["worked"],
                by=("stage_name",),
                below=Fraction("0.05"),
            ),
            "videos_good_enough": share(
                "videos_good_enough",
                "7d",
                [{"score": score} for score in self.last_scores.values()],
                lambda video: video["score"] >= 7,
                at_least=Fraction("0.95"),
            ),
            "quality_score": Expected(
                'ytempire_quality_score{window="7d"}',
                mean,
                len(self.scores),
                state_of_mean(self.scores, mean, at_least=7),
            ),
        }

    def _calls(self) -> dict[str, Expected]:
        """B2a, B2b and B12b; an answer from the cache is no call."""
        asked = [call for call in self.calls if not call["cached"]]
        attempts = [
            {"provider": call["provider"], "operation": call["operation"], "status": status}
            for call in asked
            for status in call["attempts"]
        ]
        by = ("provider", "operation")
        return {
            "api_success": share(
                "api_success",
                "24h",
                asked,
                lambda call: call["worked"],
                by=by,
                above=Fraction("0.95"),
            ),
            "api_attempts": share(
                "api_attempts", "24h", attempts, lambda attempt: attempt["status"] < 400, by=by
            ),
            "fallbacks": share("fallbacks", "24h", asked, lambda call: call["fallback"]),
        }

    def _savings(self) -> dict[str, Expected]:
        """B12a and B12c."""
        cacheable = [call for call in self.calls if call["cacheable"]]
        saving = [call for call in self.calls if Decimal(call["avoided"]) > 0]
        if not saving:
            return {}

        def dollars(calls: list[Json]) -> float:
            return float(sum((Decimal(call["avoided"]) for call in calls), Decimal(0)))

        parts = {
            "cache": dollars([call for call in saving if call["cached"]]),
            "fallback": dollars([call for call in saving if not call["cached"]]),
        }
        return {
            "cache_hits": share("cache_hits", "24h", cacheable, lambda call: call["cached"]),
            "cost_avoided": Expected(
                'ytempire_cost_avoided_usd{window="24h"}',
                dollars(saving),
                len(saving),
                parts={
                    "ytempire_cost_avoided_by_cost_saved_by_usd"
                    f'{{cost_saved_by="{saved_by}",window="24h"}}': amount
                    for saved_by, amount in parts.items()
                },
            ),
        }

    def _reports(self) -> dict[str, Expected]:
        """B8a, B8b and B15a."""
        reports = {}
        if self.coverage:
            everything, core = self.coverage["all"], self.coverage["backend"]
            reports["test_coverage"] = Expected(
                "ytempire_test_coverage_ratio",
                everything,
                1,
                "ok" if everything > 0.7 else "breach",
            )
            reports["core_coverage"] = Expected(
                "ytempire_core_coverage_ratio", core, 1, "ok" if core >= 0.8 else "breach"
            )
        if self.subscribers:
            reports["subscribers"] = Expected(
                "ytempire_subscribers",
                sum(self.subscribers.values()),
                len(self.subscribers),
                parts={
                    f'ytempire_subscribers_by_channel_id{{channel_id="{channel}"}}': number
                    for channel, number in self.subscribers.items()
                },
            )
        return reports


def share(
    key: str,
    window: str,
    items: list[Json],
    matches: Callable[[Json], bool],
    *,
    by: tuple[str, ...] = (),
    below: Fraction | None = None,
    above: Fraction | None = None,
    at_least: Fraction | None = None,
) -> Expected:
    """A ratio: matching / all, and the same for every value of each label."""

    def ratio(some: list[Json]) -> float:
        return sum(map(matches, some)) / len(some)

    n, matching = len(items), sum(map(matches, items))
    state = "ok"
    if below is not None:
        state = state_of_share(n, matching, allowed=below)
    elif above is not None:
        state = state_of_share(n, n - matching, allowed=1 - above)
    elif at_least is not None:
        state = state_of_share(n, n - matching, allowed=1 - at_least, strict=False)
    parts = {
        f'ytempire_{key}_by_{label}_ratio{{{label}="{value}",window="{window}"}}': ratio(
            [item for item in items if item[label] == value]
        )
        for label in by
        for value in {item[label] for item in items}
    }
    return Expected(f'ytempire_{key}_ratio{{window="{window}"}}', ratio(items), n, state, parts)


def state_of_share(n: int, bad: int, allowed: Fraction, *, strict: bool = True) -> str:
    """Section 4: a sure miss, else too few, else the point estimate."""
    found = Fraction(bad, n)
    missed = found >= allowed if strict else found > allowed
    tail = sum(comb(n, k) * allowed**k * (1 - allowed) ** (n - k) for k in range(bad, n + 1))
    if missed and bad >= 2 and tail <= Fraction("0.025"):
        return "breach"
    if n < min(1000, max(20, -(-5 // allowed))):
        return "too_few"
    return "breach" if missed else "ok"


def state_of_mean(values: list[float], mean: float, at_least: float) -> str:
    """Section 4 for a mean: it is sure of a miss when its interval excludes the target."""
    n = len(values)
    spread = sqrt(fsum((value - mean) ** 2 for value in values) / (n - 1))
    if mean + 1.96 * spread / sqrt(n) < at_least:
        return "breach"
    if n < 20:
        return "too_few"
    return "breach" if mean < at_least else "ok"
