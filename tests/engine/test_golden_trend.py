"""Worked examples 14 and 17 of KPI_SEMANTICS: scores, attainment and trend."""

from datetime import UTC, datetime
from typing import Any

import pytest
from loopgauge_catalog.catalog import Catalog, ProductCatalog
from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Reading
from loopgauge_collector.evaluation.attainment import attainment
from loopgauge_collector.evaluation.trend import shift_of, trend
from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.cell import Cell

from tests.engine.harness import DAY, HOUR, product

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def row(kpi: dict[str, Any]) -> Kpi:
    catalog = Catalog((ProductCatalog.model_validate(product({"it": kpi})),))
    found = catalog.kpi("shop.it")
    assert found is not None
    return found


def ratio(target: dict[str, Any] | None = None, **fields: Any) -> Kpi:
    return row(
        {"kind": "ratio", "event": "a.b", "matching": {"ok": True}, "window": "7d",
         **({"target": target} if target else {}), **fields}
    )  # fmt: skip


def reading(value: float | None, samples: int = 100, share: float | None = None) -> Reading:
    return Reading(start=None, end=NOW, value=value, samples=samples, share=share)


def valued(kpi: Kpi, number: Reading, state: State = State.OK) -> KpiValue:
    return KpiValue(
        kpi=kpi, unit="", state=state, sure=False, state_since=NOW, reading=number, windows={},
        breakdowns={}, needs=(), last_event=None, age_seconds=None, revision="",
    )  # fmt: skip


COUNT = {"kind": "count", "event": "a.b", "window": "7d"}
LATEST = {"kind": "latest", "event": "a.b", "value": "v"}


@pytest.mark.parametrize(
    ("kpi", "value", "expected"),
    [
        (ratio({"at_least": "99.9%"}), 0.998, 0.5),
        (ratio({"above": "95%"}), 0.93, 0.714),
        (ratio({"below": "0.1%"}), 0.002, 0.5),
        (ratio({"at_least": "70%"}), 1.0, 2.0),
        (ratio({"below": "1%"}), 0.0, 2.0),
        (row(LATEST | {"target": {"above": "90"}}), 85.0, 0.944),
        (row(LATEST | {"target": {"equals": "0"}}), 3.0, 0.25),
        (row(LATEST | {"target": {"equals": "0"}}), 0.0, 1.0),
        (row(COUNT | {"target": {"at_least": 1}}), 0.0, 0.0),
    ],
)
def test_attainment_compares_shares_on_the_bad_side(
    kpi: Kpi, value: float, expected: float
) -> None:
    assert attainment(kpi, reading(value)) == pytest.approx(expected, abs=0.0005)


def test_there_is_no_attainment_without_a_target_or_a_number() -> None:
    assert attainment(ratio(), reading(0.5)) is None
    assert attainment(ratio({"above": "95%"}), reading(None, 0)) is None


def test_a_score_counts_what_is_missing_as_nothing_and_says_what_it_rests_on() -> None:
    parts = {
        "technical": (1, 1, 0.25, 0.5, None),
        "process": (1, 0.7143, 1, 0.9333),
        "team": (0.8, None, None),
        "business": (1, 1, 1, 0.75),
    }
    names = {part: [f"{part}_{at}" for at in range(len(of))] for part, of in parts.items()}
    kpi = row(
        {"kind": "composite",
         "parts": {part: {"title": part, "kpis": keys} for part, keys in names.items()}}
    )  # fmt: skip
    attained = {
        names[part][at]: float(a) for part, of in parts.items() for at, a in enumerate(of)
        if a is not None
    }  # fmt: skip
    number = KINDS["composite"].read(kpi, Cell(0, 0, attainments=attained))
    assert number.value == pytest.approx(66.65, abs=0.01)
    assert number.stats["rests_on"] == pytest.approx(78.3, abs=0.05)
    assert number.stats["best_case"] == pytest.approx(88.3, abs=0.05)


@pytest.mark.parametrize(
    ("now", "before", "z", "arrow", "good"),
    [
        ((45 / 50, 50), (38 / 50, 50), 1.86, "flat", None),
        ((450 / 500, 500), (380 / 500, 500), 5.89, "up", True),
        ((380 / 500, 500), (450 / 500, 500), -5.89, "down", False),
    ],
)
def test_a_share_moves_when_two_proportions_differ(
    now: tuple[float, int], before: tuple[float, int], z: float, arrow: str, good: bool | None
) -> None:
    kpi = ratio({"at_least": "70%"})
    found = trend(valued(kpi, reading(*now)), valued(kpi, reading(*before)))
    assert found.z == pytest.approx(z, abs=0.005)
    assert (found.arrow, found.good) == (arrow, good)


@pytest.mark.parametrize(
    ("now", "before", "z", "arrow"), [(120, 90, 2.07, "flat"), (160, 110, 3.04, "up")]
)
def test_a_count_moves_when_the_difference_is_beyond_chance(
    now: int, before: int, z: float, arrow: str
) -> None:
    kpi = row(COUNT | {"better": "higher"})
    found = trend(valued(kpi, reading(now, now)), valued(kpi, reading(before, before)))
    assert found.z == pytest.approx(z, abs=0.005)
    assert found.arrow == arrow
    assert found.against.delta == now - before


def test_without_enough_on_both_sides_there_is_no_arrow() -> None:
    kpi = ratio({"at_least": "70%"})
    few = valued(kpi, reading(0.9, 5), State.TOO_FEW)
    enough = valued(kpi, reading(0.5, 500))
    assert trend(few, enough).arrow is None
    assert trend(enough, few).arrow is None
    assert trend(enough, valued(kpi, reading(None, 0))).arrow is None


def test_the_zero_of_a_source_that_was_silent_is_nothing_to_compare_with() -> None:
    kpi = row(COUNT)
    silent = valued(kpi, reading(0.0, 0), State.STALE)

    found = trend(valued(kpi, reading(60.0, 60)), silent)

    assert (found.arrow, found.against.value, found.against.delta) == (None, None, None)
    alive = valued(kpi, reading(0.0, 0))
    assert trend(valued(kpi, reading(60.0, 60)), alive).arrow == "up"


@pytest.mark.parametrize(
    ("window", "shift"),
    [(HOUR, 7), (DAY, 7), (7 * DAY, 7), (14 * DAY, 14), (28 * DAY, 28)],
)
def test_the_baseline_lies_whole_weeks_back_at_least_the_window(window: int, shift: int) -> None:
    kpi = row(COUNT | {"window": f"{window // HOUR}h"})
    assert shift_of(kpi) == shift * DAY
