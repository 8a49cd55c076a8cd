"""GET …/history: points on a grid, bounded, with a hint where the question is too wide."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import FakeCollector, Site

PATH = "/api/v1/kpis/campaigns/api_latency/history"
HOUR = 3_600_000_000


def test_a_history_has_a_point_at_each_step(site: "Site", collector: "FakeCollector") -> None:
    body = site.get(f"{PATH}?from=2026-11-21T00:00:00Z&to=2026-11-21T06:00:00Z&step=1h").json()

    start, end = datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 21, 6, tzinfo=UTC)
    assert collector.asked == [("history", "campaigns.api_latency", start, end, HOUR, None)]
    assert [point["at"] for point in body["points"]] == [
        f"2026-11-21T0{hour}:00:00Z" for hour in range(7)
    ]
    assert body["points"][0] == {
        "at": "2026-11-21T00:00:00Z",
        "value": 0.25,
        "state": "ok",
        "samples": 25,
        "share": None,
        "interval": None,
    }
    assert (body["snapshot"], body["unit"], body["window"]) == (7, "seconds", "1h")
    assert body["step_seconds"] == 3600


def test_another_window_gives_points_without_a_state(site: "Site") -> None:
    body = site.get(f"{PATH}?from=2026-11-21T00:00:00Z&window=3h&step=2h").json()

    assert body["window"] == "3h"
    assert {(point["value"], point["state"]) for point in body["points"]} == {(0.5, None)}


def test_without_a_period_it_is_the_last_day_in_about_200_points(
    site: "Site", collector: "FakeCollector"
) -> None:
    body = site.get(PATH).json()

    (_, _, start, end, step, _) = collector.asked[0]
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    assert end - start == timedelta(days=1)
    assert isinstance(step, int)
    assert step % 60_000_000 == 0
    assert 100 < len(body["points"]) <= 201


def test_a_long_window_gives_a_period_as_long(site: "Site", collector: "FakeCollector") -> None:
    site.get("/api/v1/kpis/campaigns/beta_score/history")

    (_, _, start, end, _, _) = collector.asked[0]
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    assert end - start == timedelta(days=28)


def test_exactly_a_thousand_points_are_answered(site: "Site") -> None:
    start = datetime(2026, 11, 21, 10, tzinfo=UTC) - timedelta(minutes=999)

    answer = site.get(f"{PATH}?from={start:%Y-%m-%dT%H:%M:%SZ}&to=2026-11-21T10:00:00Z&step=1m")

    assert answer.status_code == 200
    assert len(answer.json()["points"]) == 1000


def test_more_points_are_refused_with_a_step_that_works(site: "Site") -> None:
    period = "from=2026-11-01T00:00:00Z&to=2026-11-21T10:00:00Z"

    answer = site.get(f"{PATH}?{period}&step=1m")

    assert answer.status_code == 400
    said = answer.json()["detail"]
    assert "29401 points" in said
    step = said.partition("use step=")[2].split()[0]
    assert len(site.get(f"{PATH}?{period}&step={step}").json()["points"]) <= 1000


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-11-21T06:00:00Z&to=2026-11-21T06:00:00Z", "must lie before"),
        ("from=2026-11-21T07:00:00Z&to=2026-11-21T06:00:00Z", "must lie before"),
        ("from=now", "is no moment"),
        ("to=2999-01-01T00:00:00Z", "in the future"),
        ("step=1s", "the finest is 1m"),
        ("step=-1m", "step"),
        ("step=0m", "longer than 0"),
        ("step=soon", "step='soon'"),
        ("form=2026-11-21T06:00:00Z", "did you mean 'from'?"),
        ("window=0s", "longer than 0"),
    ],
)
def test_a_bad_period_says_what_is_wrong(site: "Site", query: str, said: str) -> None:
    answer = site.get(f"{PATH}?{query}")

    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_an_unknown_kpi_has_no_history(site: "Site") -> None:
    answer = site.get("/api/v1/kpis/campaigns/latency/history")

    assert answer.status_code == 404
    assert "did you mean" in answer.json()["detail"]
