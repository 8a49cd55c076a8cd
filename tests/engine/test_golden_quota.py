"""A provider's allowance: a day of its own, and the account that has used most (example 13)."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopgauge_catalog.states import State

from tests.engine.harness import HOUR, MINUTE, Engine, Event, moment, product

#: 16:00 in Los Angeles, where the day began at 07:00Z (summer) or 08:00Z (winter).
EVENING = moment("2026-11-18 00:00")
MIDNIGHT = moment("2026-11-17 08:00")

MakeEngine = Callable[..., Engine]


def files(per: tuple[str, ...] = ("account.id",), **more: Any) -> dict[str, Any]:
    return product(
        {
            "quota": {
                "kind": "quota", "event": "quota.used", "value": "units", "per": list(per),
                "labels": list(per), "limit": 10000, "timezone": "America/Los_Angeles",
                "target": {"below": "80%"}, **more,
            }
        },
        {
            "quota.used": {
                "source": "batch",
                "attributes": {"account.id": {}, "region": {}, "units": {"type": "integer"}},
            }
        },
    )  # fmt: skip


def used(at: int, units: int | None, account: str | None = "a1", **more: Any) -> Event:
    said = {"account.id": account, "units": units, **more}
    return Event("quota.used", at, {name: v for name, v in said.items() if v is not None})


def test_the_account_that_has_used_most_decides(make_engine: MakeEngine) -> None:
    engine = make_engine(files(), now=EVENING)
    engine.send(
        used(MIDNIGHT - 1, 9000), used(MIDNIGHT, 1600), used(EVENING - HOUR, 1600),
        used(EVENING - HOUR, 6400, "a2"), used(EVENING - MINUTE, 1, None),
    )  # fmt: skip

    value = engine.value("quota")

    assert (value.reading.value, value.reading.samples) == (0.64, 3)
    assert value.reading.ineligible == 1
    shares = {v: r.value for v, r in value.breakdowns["account.id"].items()}
    assert shares == {"a1": 0.32, "a2": 0.64}
    assert value.state is State.OK
    engine.read("quota", EVENING)

    engine.send(used(EVENING - 1, 1600, "a2"))

    # Exactly 80 % is not below it.
    assert (engine.value("quota").state, engine.value("quota").sure) == (State.BREACH, True)
    assert engine.read("quota", EVENING - 2 * HOUR).value == 0.16
    # Before midnight the day before counts.
    assert engine.read("quota", MIDNIGHT).value == 0.90
    assert engine.read("quota", MIDNIGHT + MINUTE).value == 0.16


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-03-08 08:00", "2026-03-09 07:00"),  # 23 hours
        ("2026-11-01 07:00", "2026-11-02 08:00"),  # 25 hours
    ],
)
def test_a_day_of_the_provider_has_23_to_25_hours(
    make_engine: MakeEngine, begins: str, ends: str
) -> None:
    start, end = moment(begins), moment(ends)
    engine = make_engine(files(), now=end)
    engine.send(used(start - 1, 1), used(start, 100), used(end - 1, 1000), used(end, 7000))

    assert engine.read("quota", end).value == 0.11
    engine.now = end + MINUTE
    assert engine.read("quota", end + MINUTE).value == 0.70


def test_label_sets_of_several_attributes_each_have_the_limit(make_engine: MakeEngine) -> None:
    engine = make_engine(files(("account.id", "region")), now=EVENING)
    engine.send(
        used(EVENING - HOUR, 1000, region="eu"), used(EVENING - HOUR, 2000, region="us"),
        used(EVENING - HOUR, 500, "a2", region="us"), used(EVENING - HOUR, 500, "a2", region="us"),
        used(EVENING - HOUR, 9000, "a3"),
    )  # fmt: skip

    value = engine.value("quota")

    assert (value.reading.value, value.reading.samples, value.reading.ineligible) == (0.2, 4, 1)
    assert {
        label: {v: r.value for v, r in found.items()} for label, found in value.breakdowns.items()
    } == {"account.id": {"a1": 0.2, "a2": 0.1}, "region": {"eu": 0.1, "us": 0.2}}


def test_however_many_accounts_there_are_each_is_kept_apart(make_engine: MakeEngine) -> None:
    engine = make_engine(files(), now=EVENING, label_cap=2)
    engine.send(*(used(EVENING - n, 100 + n, f"a{n}") for n in range(1, 50)))

    assert engine.read("quota", EVENING).value == 0.0149


def test_nothing_used_is_zero_and_the_whole_is_one_set_without_per(make_engine: MakeEngine) -> None:
    engine = make_engine(files(()), now=EVENING)
    engine.send(used(MIDNIGHT - 1, 5000))
    assert engine.read("quota", EVENING).value == 0

    engine.send(used(MIDNIGHT, 100, "a1"), used(MIDNIGHT, 200, "a2"), used(MIDNIGHT, 300, None))
    assert engine.read("quota", EVENING).value == 0.06


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    batches=st.lists(
        st.lists(
            st.builds(
                lambda back, units, account: used(EVENING - back * MINUTE, units, account),
                back=st.integers(0, 40 * 60),
                units=st.integers(0, 5000),
                account=st.sampled_from(["a", "b", "__none__", "__other__", '["x"]', "c"]),
            ),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=4,
    ),
    at=st.integers(1, 15 * 4 - 1).map(lambda quarters: EVENING - quarters * 15 * MINUTE),
)
def test_any_order_and_a_rebuild_give_the_same_at_any_moment(
    batches: list[list[Event]], at: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), files(), now=EVENING, label_cap=2)
        for number, batch in enumerate(batches):
            engine.send(*batch)
            if number % 2:
                engine.merge()
        readings = {when: engine.read("quota", when) for when in (EVENING, at)}
        engine.rebuild()
        assert readings == {when: engine.read("quota", when) for when in readings}
        shares = engine.value("quota").breakdowns["account.id"] if readings[EVENING].value else {}
        engine.close()
    for when, reading in readings.items():
        sums = Counter[str]()
        for event in (event for batch in batches for event in batch):
            if MIDNIGHT <= event.time < when:
                sums[event.attributes["account.id"]] += event.attributes["units"]
        if reading.value is not None:
            assert reading.value == max(sums.values(), default=0) / 10000
        if when == EVENING and shares:
            # Shown are the greatest, as many as a label may have values.
            greatest = sorted(sums, key=lambda account: (-sums[account], account))[:2]
            assert {v: r.value for v, r in shares.items()} == {
                account: sums[account] / 10000 for account in greatest
            }
