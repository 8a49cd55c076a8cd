"""R12: which subjects have had their full chance, as every grid of the window's bounds has it."""

from collections.abc import Callable

import pytest

from tests.engine.harness import DAY, HOUR, MINUTE, SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
MONDAY = moment("2026-11-16 12:00")

MakeEngine = Callable[..., Engine]

_JOB = {"from": "job.began", "to": "job.ended", "by": "job.id"}


def job(name: str, began: int, *lasted: int) -> list[Event]:
    attributes = {"job.id": name}
    ends = [Event("job.ended", began + after, attributes) for after in lasted]
    return [Event("job.began", began, attributes), *ends]


@pytest.mark.parametrize(
    "kpi",
    [
        {"kind": "duration", "expires": "30m", "window": "24h"},
        {"kind": "duration", "expires": "30m", "window": "24h", "anchor": "end", "show": "mean"},
        {"kind": "conversion", "expires": "30m", "window": "24h"},
    ],
    ids=["duration", "ended", "conversion"],
)
def test_who_ends_after_the_limit_is_shown_and_not_counted(
    make_engine: MakeEngine, kpi: dict[str, object]
) -> None:
    engine = make_engine(product({"done": {**_JOB, **kpi}}), now=NOON)
    engine.send(*job("1", NOON - 5 * HOUR, HOUR), *job("2", NOON - 4 * HOUR, 30 * MINUTE))
    engine.send(*job("3", NOON - 3 * HOUR), *job("4", NOON - 50 * MINUTE, 40 * MINUTE))

    reading = engine.read("done", NOON)

    assert (reading.late, reading.pending) == (2, 0)
    # It is late once it has ended.
    assert engine.read("done", NOON - 4 * HOUR - MINUTE).late == 0


def test_the_oldest_that_is_open_is_within_its_limit(make_engine: MakeEngine) -> None:
    kpi = {**_JOB, "kind": "duration", "expires": "2h", "window": "7d", "anchor": "end"}
    engine = make_engine(product({"done": kpi}), now=NOON)
    engine.send(*job("1", NOON - 3 * DAY), *job("2", NOON - HOUR), *job("3", NOON - 2 * HOUR, HOUR))

    assert engine.read("done", NOON).stats["oldest_open"] == HOUR / SECOND


@pytest.mark.parametrize(
    "kpi",
    [
        {
            **_JOB, "kind": "duration", "expires": "1h", "min_samples": 1,
            "target": {"within": "5m", "share": "50%"},
        },
        {**_JOB, "kind": "conversion", "expires": "5m"},
        {"kind": "funnel", "steps": ["job.began", "job.ended"], "by": "job.id", "expires": "5m"},
    ],
    ids=lambda kpi: str(kpi["kind"]),
)  # fmt: skip
def test_on_a_monday_the_chance_of_a_weeks_subjects_is_whole_quarter_hours_too(
    make_engine: MakeEngine, kpi: dict[str, object]
) -> None:
    engine = make_engine(product({"quick": {**kpi, "window": "week"}}), now=MONDAY)
    engine.send(
        *job("1", MONDAY - 7 * MINUTE, MINUTE), *job("2", MONDAY - 15 * MINUTE - SECOND, MINUTE)
    )

    assert engine.read("quick", MONDAY).samples == 1


def test_the_chance_of_old_subjects_is_taken_from_the_start_that_the_window_has(
    make_engine: MakeEngine,
) -> None:
    kpi = {**_JOB, "kind": "conversion", "expires": "5m", "window": "20m"}
    engine = make_engine(product({"done": kpi}), now=NOON)
    at = NOON - 8 * DAY
    engine.send(*job("1", at - 40 * MINUTE + SECOND, MINUTE), *job("2", at - 25 * MINUTE + SECOND))

    reading = engine.read("done", at)

    # S is 11:30, so those who began from 11:15 on had their full chance.
    assert (reading.value, reading.samples) == (0.5, 2)


def test_the_chance_before_a_day_of_23_hours_begins_with_the_local_day_before(
    make_engine: MakeEngine,
) -> None:
    kpi = {**_JOB, "kind": "conversion", "expires": "2h", "window": "24h"}
    engine = make_engine(
        product({"done": kpi}, zone="Europe/Berlin"), now=NOON, events_keep_days=400
    )
    engine.send(
        *job("1", moment("2026-03-26 23:30"), 10 * MINUTE), *job("2", moment("2026-03-28 10:30"))
    )

    # E is the midnight after the short day, S the midnight before the day before it.
    reading = engine.read("done", moment("2026-03-29 22:00"))

    assert (reading.value, reading.samples) == (0.5, 2)
