"""The worked examples of the semantics: the oracle is proven by them, and so is the engine."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.loader import loads

from tests.oracle import worked_rest, worked_simple, worked_subjects
from tests.oracle.answer import Answer
from tests.oracle.combined import attainment
from tests.oracle.engine import engine_value
from tests.oracle.events import HOUR, as_datetime, moment
from tests.oracle.oracle import Oracle
from tests.oracle.periods import first_instant, period
from tests.oracle.subjects import pairs, survival
from tests.oracle.trend import trend
from tests.oracle.worked import Example

EXAMPLES = [*worked_simple.EXAMPLES, *worked_subjects.EXAMPLES, *worked_rest.EXAMPLES]
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def asked(example: Example) -> tuple[Oracle, Answer]:
    oracle = Oracle(example.alive, loads(example.catalog))
    return oracle, oracle.answer("shop", example.key, example.at, example.at)


def plain(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@each_example
def test_the_oracle_says_what_a_worked_example_says(example: Example) -> None:
    _, answer = asked(example)

    found = {name: getattr(answer, name) for name in example.expected}
    assert found == example.expected
    said = {**answer.stats, **answer.notes}
    assert {name: said.get(name) for name in example.stats} == example.stats


@each_example
def test_the_engine_says_what_a_worked_example_says(example: Example) -> None:
    value = engine_value(example.catalog, example.alive, example.key, example.at)

    reading = value.reading
    found = {
        "state": value.state.value, "sure": value.sure, "pending": value.pending,
        "value": reading.value, "samples": reading.samples, "share": reading.share,
        "interval": reading.interval, "start": reading.start, "end": reading.end,
    }  # fmt: skip
    wanted = {
        name: as_datetime(limit) if name in ("start", "end") else limit
        for name, limit in example.expected.items()
    }
    assert {name: found[name] for name in wanted} == wanted
    # Quantiles have the same names everywhere; other numbers are compared where they have.
    shown = {name: limit for name, limit in example.stats.items() if name[1:].isdigit()}
    assert {name: reading.stats.get(name) for name in shown} == shown


def test_survival_of_the_duration_example_is_the_table_of_the_semantics() -> None:
    example = worked_subjects.DURATION
    view = asked(example)[0].view("shop", "ttfv", example.at, example.at)

    rows = survival(view, [pair for pair in pairs(view) if view.inside(pair.start)])

    # The table writes the index of a millisecond for all that is shorter.
    assert [(max(j, -346), at_risk, done) for j, at_risk, done, _ in rows] == [
        (-346, 9, 1), (274, 8, 2), (319, 6, 0), (336, 5, 1), (340, 4, 2), (373, 2, 1), (407, 1, 0),
    ]  # fmt: skip
    assert [float(row[3]) for row in rows] == pytest.approx(
        [0.1111, 0.3333, 0.3333, 0.4667, 0.7333, 0.8667, 0.8667], abs=5e-5
    )


def test_as_of_minute_20_three_are_done_and_five_are_not() -> None:
    example = worked_subjects.DURATION
    at = example.at - 40 * 60_000_000
    view = asked(example)[0].view("shop", "ttfv", at, at)

    outcomes = {
        pair.first.attributes["user.id"]: pair.outcome(view.end, view.kpi.expires)
        for pair in pairs(view)
    }

    done = dict.fromkeys("aei", "done")
    assert outcomes == done | dict.fromkeys("bcfgh", "pending")


@pytest.mark.parametrize(
    ("day", "word", "zone", "start", "hours"),
    [
        ("2026-03-10", "month", "Europe/Berlin", "2026-02-28 23:00", 743),
        ("2026-10-10", "month", "Europe/Berlin", "2026-09-30 22:00", 745),
        ("2026-03-08", "day", "America/Los_Angeles", "2026-03-08 08:00", 23),
        ("2026-11-01", "day", "America/Los_Angeles", "2026-11-01 07:00", 25),
    ],
)
def test_calendar_periods_have_the_hours_of_their_zone(
    day: str, word: str, zone: str, start: str, hours: int
) -> None:
    inside = first_instant(date.fromisoformat(day), ZoneInfo(zone)) + 3 * HOUR

    found = period(inside, word, ZoneInfo(zone))

    assert found == (moment(start), moment(start) + hours * HOUR)


def row(fields: str, unit: str = "share") -> Any:
    """One KPI over `page.seen`."""
    text = f"""
product: shop
title: Shop
tables: {{main: {{title: Main, kpis: {{one: {{row: A1, title: One row, event: page.seen, {fields}}}}}}}}}
events: {{page.seen: {{attributes: {{v: {{type: number, unit: "{unit}"}}, ok: {{type: boolean}}}}}}}}
"""
    catalog: Catalog = loads(text)
    return catalog.kpi("shop.one")


RATIO = "kind: ratio, matching: {ok: true}, window: 1h, target: "


@pytest.mark.parametrize(
    ("kpi", "value", "expected"),
    [
        (row("kind: uptime, up: {ok: true}, window: 7d, target: {at_least: 99.9%}"), 0.998, 0.5),
        (row(RATIO + "{at_least: 95%}"), 0.93, 0.714),
        (row(RATIO + "{at_most: 0.1%}"), 0.002, 0.5),
        (row("kind: latest, value: v, target: {at_least: 90%}"), 0.85, 0.944),
        (row("kind: latest, value: v, target: {equals: 0}", "1"), 3, 0.25),
    ],
)
def test_attainment_of_the_composite_example(kpi: Any, value: float, expected: float) -> None:
    assert attainment(kpi, Answer(value=value)) == pytest.approx(expected, abs=5e-4)


def count(n: int) -> Answer:
    return Answer(value=float(n), samples=n, state="ok")


def share(hits: int, n: int) -> Answer:
    answer = Answer.of_share(hits, n)
    answer.state = "ok"
    return answer


COUNT = "kind: count, window: 24h, better: higher"


@pytest.mark.parametrize(
    ("kpi", "now", "then", "arrow", "z", "good"),
    [
        (RATIO + "{at_least: 80%}", share(45, 50), share(38, 50), "→", 1.86, None),
        (RATIO + "{at_least: 80%}", share(450, 500), share(380, 500), "↑", 5.89, True),
        (COUNT, count(120), count(90), "→", 2.07, None),
        (COUNT, count(160), count(110), "↑", 3.04, True),
    ],
)
def test_trend_of_the_worked_example(
    kpi: str, now: Answer, then: Answer, arrow: str, z: float, good: bool | None
) -> None:
    found = trend(row(kpi), now, then)

    assert (found.arrow, found.good) == (arrow, good)
    assert found.z == pytest.approx(z, abs=0.005)
