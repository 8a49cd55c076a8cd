"""Kinds that follow subjects, against plain loops: any order, batches, merges, moment, rebuild."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopgauge_catalog.values import KpiValue, Reading

from tests.engine.harness import MINUTE, SECOND, Engine, Event, moment, product, uuid7

NOON = moment("2026-11-18 12:00")
WINDOW, LIMIT, SKEW = 10 * MINUTE, 3 * MINUTE, SECOND

_BY: dict[str, Any] = {"by": "x.id", "labels": ["plan"]}
_FUNNEL = {**_BY, "kind": "funnel", "steps": ["a.one", ["a.two", "a.other"], "a.one", "a.three"],
           "names": ["one", "two", "again", "three"], "window": "10m", "expires": "3m"}  # fmt: skip
_PAIR = {**_BY, "from": "a.one", "to": ["a.two", "a.other"], "expires": "3m"}
KPIS: dict[str, dict[str, Any]] = {
    "funnel": _FUNNEL,
    "distinct": {**_BY, "kind": "distinct", "events": ["a.one", "a.two"], "window": "10m"},
    "share": {"kind": "subject_share", "by": "x.id", "window": "10m", "having": "a.three",
              "among": ["a.one", "a.three"]},
    "now": {**_PAIR, "kind": "in_flight"},
    "for_ever": {**_PAIR, "kind": "in_flight", "expires": None, "value": "size"},
    "most": {**_PAIR, "kind": "in_flight", "read": "maximum", "window": "10m"},
    "conversion": {**_PAIR, "kind": "conversion", "fails": "a.three", "window": "10m"},
    "duration": {**_PAIR, "kind": "duration", "excludes": "a.three", "window": "10m"},
}  # fmt: skip
for _kpi in KPIS.values():
    _kpi["zero_ok"] = True
PRODUCT = product(KPIS, {"a.one": {"attributes": {"size": {"type": "number"}}}})

Answer = tuple[Any, ...]
Life = Mapping[str, Sequence[Event]]


def subjects(events: Sequence[Event]) -> dict[str, list[Event]]:
    lives: dict[str, list[Event]] = {}
    for event in sorted(events, key=lambda event: (event.time, event.id)):
        if event.attributes.get("x.id") is not None:
            lives.setdefault(event.attributes["x.id"], []).append(event)
    return lives


def first(life: Sequence[Event], names: Sequence[str], since: int, until: int) -> int | None:
    times = [e.time for e in life if e.name in names and since <= e.time <= until]
    return min(times, default=None)


def funnel(lives: Life, at: int, plan: str | None) -> Answer:
    end = -(-at // MINUTE) * MINUTE
    reached, pending = [0, 0, 0, 0], 0
    for life in lives.values():
        known = [event for event in life if event.time < end]
        start = next((event for event in known if event.name == "a.one"), None)
        if start is None or (plan and start.attributes.get("plan", "__none__") != plan):
            continue
        path = [start.time]
        for names in (("a.two", "a.other"), ("a.one",), ("a.three",)):
            step = first(known, names, path[-1] - SKEW, start.time + LIMIT)
            if step is None:
                break
            path.append(step)
        if end - WINDOW - LIMIT <= start.time < end - LIMIT:
            for step in range(len(path)):
                reached[step] += 1
        pending += len(path) < 4 and end - start.time <= LIMIT
    return reached[0], reached[3] / reached[0] if reached[0] else None, pending, tuple(reached)


def active(lives: Life, names: Sequence[str], at: int, plan: str | None) -> set[str]:
    end = -(-at // MINUTE) * MINUTE
    return {
        subject
        for subject, life in lives.items()
        for event in life
        if event.name in names and end - WINDOW <= event.time < end
        and plan in {None, event.attributes.get("plan", "__none__")}
    }  # fmt: skip


def stays(lives: Life, limit: int | None, plan: str | None, *, weighted: bool) -> list[Answer]:
    found = []
    for life in lives.values():
        start = next(
            (
                e
                for e in life
                if e.name == "a.one" and not (weighted and "size" not in e.attributes)
            ),
            None,
        )
        if start is None or (plan and start.attributes.get("plan", "__none__") != plan):
            continue
        ends = [start.time + limit] if limit is not None else []
        done = first(life, ("a.two", "a.other"), start.time - SKEW, NOON * 2)
        out = min([*ends, *([] if done is None else [done])], default=None)
        found.append((start.time, out, start.attributes["size"] if weighted else 1))
    return found


def level(found: Sequence[Answer], second: int) -> tuple[float, int]:
    at = second * SECOND
    inside = [w for start, out, w in found if start <= at and (out is None or at < out)]
    return sum(inside), len(inside)


def expected(key: str, events: Sequence[Event], at: int, plan: str | None) -> Answer:
    lives = subjects(events)
    if key == "funnel":
        return funnel(lives, at, plan)
    if key == "distinct":
        n = len(active(lives, ("a.one", "a.two"), at, plan))
        return n, n
    if key == "share":
        having = active(lives, ("a.three",), at, None)
        either = active(lives, ("a.one", "a.three"), at, None)
        return len(either), len(having) / len(either) if either else None
    found = stays(lives, None if key == "for_ever" else LIMIT, plan, weighted=key == "for_ever")
    value, n = level(found, at // SECOND)
    if key == "most":
        end = -(-at // MINUTE) * 60
        value = max(level(found, second)[0] for second in range(end - 600, end))
        return value, n
    return value, n, n


def answers(key: str, value: KpiValue) -> dict[str | None, Answer]:
    """What the engine says: the total's, and each label value's."""
    parts: dict[str | None, Reading] = {None: value.reading}
    parts.update(value.breakdowns.get("plan", {}))
    said: dict[str | None, Answer] = {}
    for plan, r in parts.items():
        if key == "funnel":
            reached = tuple(round(share * r.samples) for share in r.steps.values()) or (0, 0, 0, 0)
            said[plan] = (r.samples, r.value, r.pending, reached)
        elif key == "distinct":
            said[plan] = (r.value, r.samples)
        elif key == "share":
            said[plan] = (r.samples, r.value)
        elif key == "most":
            said[plan] = (r.value, r.pending)
        else:
            said[plan] = (r.value, r.samples, r.pending)
    return said


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Few subjects, times on a coarse grid with some just beside it."""
    made = []
    for number in range(draw(st.integers(1, 30))):
        time = NOON - draw(st.integers(0, 40)) * 30 * SECOND
        time += draw(st.sampled_from([0, 0, 1, -1, SECOND, -SECOND, 999_999]))
        attributes: dict[str, Any] = {"x.id": draw(st.sampled_from(["s", "t", "u", "u", None]))}
        if draw(st.booleans()):
            attributes["plan"] = draw(st.sampled_from(["free", "pro"]))
        name = draw(st.sampled_from(["a.one", "a.two", "a.other", "a.three"]))
        if name == "a.one" and draw(st.integers(0, 4)):
            attributes["size"] = draw(st.integers(-2, 5))
        made.append(Event(name, time, attributes, id=uuid7(time, number)))
    return made


MOMENTS = (
    NOON,
    NOON - SECOND,
    NOON - 4 * MINUTE,
    NOON - 5 * MINUTE - 30 * SECOND,
    NOON - 12 * MINUTE,
)


def compare(engine: Engine, events: Sequence[Event]) -> list[KpiValue]:
    """Every KPI at every moment; those that are computed here too have to agree."""
    present = engine.snapshot().by_id
    said = []
    for key in KPIS:
        values = engine.history(key, MOMENTS)
        now = present[f"shop.{key}"]
        assert (now.reading, now.breakdowns) == (values[0].reading, values[0].breakdowns)
        said += values
        if key in {"conversion", "duration"}:
            continue
        for at, value in zip(MOMENTS, values, strict=True):
            for plan, answer in answers(key, value).items():
                assert answer == expected(key, events, at, plan), (key, at - NOON, plan)
    return said


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=streams(), data=st.data())
def test_the_order_of_arrival_never_matters(events: list[Event], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), PRODUCT, now=NOON)
        left = data.draw(st.permutations(events))
        while left:
            size = data.draw(st.integers(min(len(left), 5), len(left)))
            engine.send(*left[:size])
            left = left[size:]
            if data.draw(st.integers(0, 3)) == 0:
                engine.merge()
        before = compare(engine, events)
        engine.rebuild()
        assert compare(engine, events) == before
        engine.close()
