"""Worked example 5 of the KPI semantics: the newest value of each label set, combined."""

from collections.abc import Callable
from typing import Any

import pytest
from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment, product, uuid7

NOON = moment("2026-11-18 12:00")

MakeEngine = Callable[..., Engine]


def at(text: str) -> int:
    return moment(f"2026-11-18 {text}")


def scan(text: str, scanner: str, critical: Any, component: str = "api", **more: Any) -> Event:
    time = moment(text) if "-" in text else at(text)
    attributes = {"scanner": scanner, "component": component, "critical": critical}
    return Event("scan.completed", time, attributes, **more)


def scans(make_engine: MakeEngine, **more: Any) -> Engine:
    kpi = {
        "kind": "latest", "event": "scan.completed", "value": "critical",
        "per": ["scanner", "component"], "target": {"equals": 0}, "stale_after": "48h",
        "drop_after": "30d", "retired_by": "component.retired", **more,
    }  # fmt: skip
    declared = {
        "scan.completed": {
            "source": "batch",
            "attributes": {"critical": {"type": "integer"}, "scanner": {}, "component": {}},
        },
        "component.retired": {"attributes": {"scanner": {}, "component": {}}},
    }
    return make_engine(product({"critical": kpi}, declared), now=NOON)


EXAMPLE = [scan("10:00", "trivy", 2), scan("11:00", "trivy", 0), scan("09:00", "grype", 1)]


def test_the_newest_of_each_label_set_is_summed(make_engine: MakeEngine) -> None:
    engine = scans(make_engine)
    engine.send(*EXAMPLE)

    assert engine.read("critical", NOON).value == 1
    value = engine.value("critical")
    assert (value.state, value.sure, value.reading.samples) == (State.BREACH, True, 2)
    # At 10:30 the older trivy report was the newest one.
    assert engine.read("critical", at("10:30")).value == 3
    assert engine.read("critical", at("09:30")).value == 1


def test_a_late_event_with_an_older_time_changes_only_the_past(make_engine: MakeEngine) -> None:
    engine = scans(make_engine)
    engine.send(*EXAMPLE)
    engine.send(scan("10:30", "trivy", 5))

    assert engine.read("critical", NOON).value == 1
    assert engine.read("critical", at("10:45")).value == 6


@pytest.mark.parametrize("number", [0, 2])
def test_of_two_at_the_same_time_the_greater_id_counts(
    make_engine: MakeEngine, number: int
) -> None:
    engine = scans(make_engine)
    eleven = at("11:00")
    engine.send(EXAMPLE[0], EXAMPLE[2], scan("11:00", "trivy", 0, id=uuid7(eleven, 1)))
    engine.send(scan("11:00", "trivy", 3, id=uuid7(eleven, number)))

    assert engine.read("critical", NOON).value == (4 if number == 2 else 1)


@pytest.mark.parametrize("merged", [False, True])
def test_a_retired_component_leaves_and_may_come_back(
    make_engine: MakeEngine, merged: bool
) -> None:
    engine = scans(make_engine)
    engine.send(*EXAMPLE, scan("10:10", "trivy", 7, "worker"))
    # It names only a member of the label set, so both scanners' reports on it go.
    engine.send(Event("component.retired", at("11:30"), {"component": "api"}))
    if merged:
        engine.merge()

    assert engine.read("critical", NOON).value == 7
    assert engine.read("critical", at("11:15")).value == 8
    # A report that was older than the retirement and comes late does not bring it back.
    engine.send(scan("11:20", "grype", 9))
    assert engine.read("critical", NOON).value == 7
    engine.send(scan("11:40", "grype", 4))
    assert engine.read("critical", NOON).value == 11


@pytest.mark.parametrize("folds", [1, 3])
@pytest.mark.parametrize("retired", ["10:00:20", "10:00:40"])
def test_a_report_and_a_retirement_of_the_same_minute_keep_their_order(
    make_engine: MakeEngine, folds: int, retired: str
) -> None:
    engine = scans(make_engine)
    gone = Event("component.retired", at(retired), {"scanner": "trivy", "component": "api"})
    events = [
        scan("10:00:10", "trivy", 2),
        gone,
        scan("10:00:30", "trivy", 3),
        scan("09:00", "x", 1),
    ]
    for start in range(folds):
        engine.send(*events[start::folds])

    # Whichever of the two was later holds, in one fold, over folds and once they are merged.
    expected = 4 if retired == "10:00:20" else 1
    assert engine.read("critical", at("10:01")).value == expected
    engine.merge()
    assert engine.read("critical", NOON).value == expected


def test_all_retired_is_undefined_and_not_zero(make_engine: MakeEngine) -> None:
    engine = scans(make_engine)
    engine.send(
        scan("10:00", "trivy", 2), Event("component.retired", at("11:00"), {"component": "api"})
    )

    value = engine.value("critical")

    assert (value.state, value.reading.value) == (State.TOO_FEW, None)


def test_a_label_set_leaves_after_its_time(make_engine: MakeEngine) -> None:
    engine = scans(make_engine)
    engine.send(scan("2026-10-19 12:00", "grype", 1), scan("11:00", "trivy", 0))

    # Exactly 30 days old it still counts, a minute later it does not.
    assert engine.read("critical", NOON).value == 1
    engine.now += MINUTE
    assert engine.read("critical", engine.now).value == 0
    assert engine.value("critical").state is State.OK


def test_an_old_series_is_stale_unless_the_fresh_ones_decide(make_engine: MakeEngine) -> None:
    engine = scans(make_engine)
    old = scan("2026-11-16 11:59", "grype", 0)
    engine.send(old, scan("11:00", "trivy", 0))

    value = engine.value("critical")
    # The old value is kept and shown, but nobody vouches for it any more.
    assert (value.state, value.reading.value) == (State.STALE, 0)

    engine.send(scan("11:30", "trivy", 2))
    value = engine.value("critical")
    assert (value.state, value.sure, value.reading.value) == (State.BREACH, True, 2)


def test_48_hours_exactly_are_not_stale_yet(make_engine: MakeEngine) -> None:
    engine = scans(make_engine)
    engine.send(scan("2026-11-16 12:00", "grype", 0), scan("11:00", "trivy", 0))
    assert engine.value("critical").state is State.OK

    engine.now += MINUTE
    assert engine.value("critical").state is State.STALE


def test_fresh_values_below_the_target_do_not_save_an_old_series_that_misses(
    make_engine: MakeEngine,
) -> None:
    engine = scans(make_engine)
    engine.send(scan("2026-11-16 11:00", "grype", 3), scan("11:00", "trivy", 0))

    value = engine.value("critical")
    assert (value.state, value.sure, value.reading.value) == (State.STALE, False, 3)


@pytest.mark.parametrize(("combine", "combined"), [("sum", 6), ("max", 3), ("min", 1), ("mean", 2)])
def test_label_sets_are_combined_as_the_row_says(
    make_engine: MakeEngine, combine: str, combined: float
) -> None:
    engine = scans(make_engine, combine=combine)
    engine.send(*(scan("11:00", s, v) for s, v in (("a", 1), ("b", 2), ("c", 3))))

    assert engine.read("critical", NOON).value == combined


def test_a_report_without_a_number_or_a_label_leaves_the_last_one(make_engine: MakeEngine) -> None:
    engine = scans(make_engine)
    missing = Event("scan.completed", at("11:10"), {"scanner": "trivy", "critical": 8})
    engine.send(*EXAMPLE, scan("11:05", "trivy", "8"), scan("11:06", "trivy", None), missing)

    assert engine.read("critical", NOON).value == 1


def test_a_value_without_label_sets_is_the_newest_report(make_engine: MakeEngine) -> None:
    engine = make_engine(
        product(
            {
                "coverage": {
                    "kind": "latest", "event": "ci.reported", "value": "coverage",
                    "where": {"branch": "main"}, "target": {"above": "90%"}, "stale_after": "7d",
                }
            },
            {
                "ci.reported": {
                    "source": "batch",
                    "attributes": {"coverage": {"type": "number", "unit": "share"}, "branch": {}},
                }
            },
        ),
        now=NOON,
    )  # fmt: skip
    for hours, branch, share in ((72, "main", 0.95), (48, "main", 0.9), (1, "topic", 0.99)):
        engine.send(
            Event("ci.reported", NOON - hours * HOUR, {"branch": branch, "coverage": share})
        )

    # Exactly at a strict target is a miss.
    value = engine.value("coverage")
    assert (value.reading.value, value.state) == (0.9, State.BREACH)
    assert value.reading.start is None
    assert engine.value_at("coverage", NOON - 50 * HOUR).state is State.OK
    # The topic branch keeps the source alive, but not the value fresh.
    engine.now = NOON + 6 * DAY
    assert engine.value("coverage").state is State.STALE
