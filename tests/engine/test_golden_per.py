"""One amount for each of another (example 17): defects per release, points per person."""

from collections.abc import Callable
from typing import Any

from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
EVENTS = {
    "defect.found": {"source": "batch", "attributes": {"defect.id": {}, "hours": {"type": "number"}}},
    "release.published": {"source": "batch", "attributes": {"release.id": {}}},
}  # fmt: skip

MakeEngine = Callable[..., Engine]


def files(**more: Any) -> dict[str, Any]:
    return product(
        {
            "defects": {
                "kind": "per", "window": "28d",
                "numerator": {"event": "defect.found", "once_per": "defect.id"},
                "denominator": {"event": "release.published", "once_per": "release.id"}, **more,
            }
        },
        EVENTS,
    )  # fmt: skip


def defect(at: int, name: str, **more: Any) -> Event:
    return Event("defect.found", at, {"defect.id": name, **more})


def release(at: int, name: str) -> Event:
    return Event("release.published", at, {"release.id": name})


def test_defects_are_divided_by_releases_each_counted_once(make_engine: MakeEngine) -> None:
    engine = make_engine(files(target={"at_most": 3}))
    engine.send(
        release(NOON - 5 * DAY, "r1"), *(defect(NOON - n * DAY, f"d{n}") for n in range(1, 8))
    )
    assert engine.read("defects", NOON).value == 7
    engine.merge()
    # The same again, later and earlier; of the second release only the first event counts.
    engine.send(
        release(NOON - 2 * DAY, "r2"), release(NOON - HOUR, "r2"), release(NOON - 30 * DAY, "r0"),
        defect(NOON - HOUR, "d3"), defect(NOON - 29 * DAY, "d0"),
    )  # fmt: skip

    reading = engine.read("defects", NOON)

    assert (reading.value, reading.samples) == (3.5, 2)
    assert (engine.value("defects").state, engine.value("defects").sure) == (State.BREACH, True)
    # Four days ago: d0 and d5 to d7, r0 and r1.
    assert engine.read("defects", NOON - 4 * DAY).value == 2
    before = engine.value("defects")
    engine.rebuild()
    assert engine.value("defects").reading == before.reading


def test_without_a_release_there_is_no_number(make_engine: MakeEngine) -> None:
    engine = make_engine(files(target={"at_most": 3}))
    engine.send(defect(NOON - DAY, "d1"))
    assert engine.value("defects").state is State.NO_DATA

    engine.send(release(NOON - 40 * DAY, "r0"))

    reading = engine.read("defects", NOON)
    assert (reading.value, reading.samples) == (None, 0)
    assert engine.value("defects").state is State.TOO_FEW


def test_fewer_releases_than_asked_are_too_few_unless_they_miss(make_engine: MakeEngine) -> None:
    engine = make_engine(files(target={"at_most": 3}, min_samples=2))
    engine.send(release(NOON - DAY, "r1"), defect(NOON - DAY, "d1"))
    assert engine.value("defects").state is State.TOO_FEW

    engine.send(*(defect(NOON - n * HOUR, f"d{n}") for n in range(2, 6)))
    assert engine.value("defects").state is State.BREACH


def test_sides_may_be_sums_and_filters(make_engine: MakeEngine) -> None:
    engine = make_engine(
        files(
            numerator={"event": "defect.found", "value": "hours", "where": {"kind": "bug"}},
            denominator={"event": "defect.found", "once_per": "defect.id"},
        )
    )
    engine.send(
        defect(NOON - MINUTE, "d1", kind="bug", hours=2.5),
        defect(NOON - HOUR, "d2", kind="bug", hours=0.5),
        defect(NOON - HOUR, "d3", kind="wish", hours=9),
        defect(NOON - HOUR, "d4", kind="bug"),
    )

    reading = engine.read("defects", NOON)

    assert (reading.value, reading.samples, reading.ineligible) == (0.75, 4, 1)
