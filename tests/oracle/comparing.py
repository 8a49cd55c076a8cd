"""Where a value of the engine is not what the oracle says."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.quantities import parse_duration
from loopgauge_catalog.values import KpiValue, Reading

from tests.engine.harness import Engine
from tests.oracle.answer import Answer
from tests.oracle.events import Event, as_datetime
from tests.oracle.oracle import Oracle
from tests.oracle.trend import Trend

#: Kinds of which everything is compared; of the others what the semantics give a name to.
_SIMPLE = frozenset({"count", "sum", "rate", "mean", "ratio", "quantile", "latest"})
#: Nothing says what a level rests on.
_UNCOUNTED = frozenset({"in_flight"})
_WITH_INTERVAL = _SIMPLE | {"duration", "conversion", "funnel", "subject_share"}


def close(found: float | None, expected: Any) -> bool:
    """Equal up to the last digits of a double."""
    if found is None or expected is None:
        return found is None and expected is None
    return math.isclose(found, float(expected), rel_tol=1e-11, abs_tol=1e-11)


def _named(stats: Mapping[str, Any], kind: str) -> set[str]:
    """Quantiles and means have the same names everywhere; a period's predecessor has none."""
    if kind in _SIMPLE:
        return set(stats) - {"last_complete"}
    return {name for name in stats if name == "mean" or (name[0] == "p" and name[1:2].isdigit())}


def differences(kind: str, reading: Reading, answer: Answer) -> list[str]:
    """Where a reading is not what the oracle says."""
    pairs: dict[str, tuple[Any, Any]] = {
        "start": (reading.start, None if answer.start is None else as_datetime(answer.start)),
        "end": (reading.end, as_datetime(answer.end)),
        "stats": (_named(reading.stats, kind), _named(answer.stats, kind)),
        "late": (reading.late, answer.late),
    }
    if kind not in _UNCOUNTED:
        pairs["samples"] = (reading.samples, answer.samples)
    if kind in _SIMPLE:
        pairs["ineligible"] = (reading.ineligible, answer.ineligible)
    if kind in _WITH_INTERVAL:
        pairs["interval"] = (reading.interval is None, answer.interval is None)
    found = [f"{name}: {a} is not {b}" for name, (a, b) in pairs.items() if a != b]
    numbers = {"value": (reading.value, answer.value), "share": (reading.share, answer.share)} | {
        name: (reading.stats.get(name), answer.stats.get(name))
        for name in _named(answer.stats, kind)
    }
    found += [f"{name}: {a} is not {b}" for name, (a, b) in numbers.items() if not close(a, b)]
    if kind in _WITH_INTERVAL and reading.interval and answer.interval:
        for side, a, b in zip(("low", "high"), reading.interval, answer.interval, strict=True):
            # A difference of two near numbers loses digits; a mean's interval is shown only.
            if not math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-7):
                found.append(f"{side}: {a} is not {b}")
    return found


def _is_there(kind: str, part: Reading | Answer) -> bool:
    return bool(part.value if kind in _UNCOUNTED else part.samples)


def _parts(value: KpiValue, answer: Answer) -> list[str]:
    """Differences between breakdowns; a part that nothing is in may be shown or not."""
    kind, found = value.kpi.kind, []
    # An event that weighs nothing is there, and counts nothing.
    is_exact = kind in _SIMPLE and getattr(value.kpi, "weight", None) is None
    if set(value.breakdowns) != set(answer.breakdowns):
        return [f"breakdowns: {set(value.breakdowns)} is not {set(answer.breakdowns)}"]
    for label, parts in answer.breakdowns.items():
        shown = value.breakdowns[label]
        wanted = {name for name, part in parts.items() if is_exact or _is_there(kind, part)}
        more = {
            name
            for name, part in shown.items()
            if name not in parts and (is_exact or _is_there(kind, part))
        }
        if more or not wanted <= set(shown):
            found.append(f"{label}: {set(shown)} is not {set(parts)}")
            continue
        for name, part in parts.items():
            if name not in shown:
                continue
            own = Answer(**{**vars(part), "start": answer.start, "end": answer.end})
            found += [f"{label}={name}: {each}" for each in differences(kind, shown[name], own)]
    return found


def assert_agrees(value: KpiValue, answer: Answer) -> None:
    """The engine's value is what the oracle says, breakdowns included."""
    found = differences(value.kpi.kind, value.reading, answer)
    if (value.state.value, value.sure) != (answer.state, answer.sure):
        found.append(f"state: {value.state, value.sure} is not {answer.state, answer.sure}")
    if answer.pending is not None and answer.state != "no_data":
        least, most = answer.pending, answer.pending + answer.maybe_pending
        if value.pending is None or not least <= value.pending <= most:
            found.append(f"pending: {value.pending} is not {least} to {most}")
    found += _parts(value, answer)
    assert not found, f"{value.kpi.id}: {'; '.join(found)}"


def assert_windows_agree(value: KpiValue, oracle: Oracle, at: int, now: int) -> None:
    """The same over the standard windows, without a state."""
    for name, reading in value.windows.items():
        if value.state.value == "no_data":
            continue
        answer = oracle.answer(value.kpi.product, value.kpi.key, at, now, parse_duration(name))
        found = differences(value.kpi.kind, reading, answer)
        assert not found, f"{value.kpi.id} over {name}: {'; '.join(found)}"


_ARROWS = {"up": "↑", "down": "↓", "flat": "→", None: "–"}


def assert_trend_agrees(value: KpiValue, oracle: Oracle, at: int) -> None:
    """The arrow, what it means, and what it rests on."""
    expected = oracle.trend(value.kpi.product, value.kpi.key, at, at)
    assert value.trend is not None, value.kpi.id
    if value.kpi.kind in _UNCOUNTED:
        return  # nobody can say whether the level of a silent source rests on something
    found = Trend(
        _ARROWS[value.trend.arrow], value.trend.against.delta, value.trend.good, value.trend.z
    )
    if expected.arrow == "–":
        assert found.arrow == "–", f"{value.kpi.id}: {found} is not {expected}"
        return
    is_same = (found.arrow, found.good) == (expected.arrow, expected.good)
    # A difference of two near numbers loses digits.
    for one, other in ((found.delta, expected.delta), (found.z, expected.z)):
        is_same &= one == other or (
            one is not None
            and other is not None
            and math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
        )
    assert is_same, f"{value.kpi.id}: {found} is not {expected}"


def admitted(engine: Engine, catalog: Catalog, cap: int) -> dict[tuple[str, str], set[str]]:
    """The stored registry: which label values have a series of their own (R8)."""
    registry: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kpi, label, value in engine.rows(
        # A quota keeps every label set apart, however many there are: that is no label.
        "select kpi, label, value from rules join series using (rule) where label not in ('', '*')"
    ):
        registry[kpi, label].add(value)
    for (kpi, label), values in registry.items():
        row = catalog.kpi(kpi)
        # Label sets (`per`) are kept apart one by one; only breakdowns have a cap.
        capped = row is not None and row.label_sets is None and label in row.labels
        assert not capped or len(values - {"__other__"}) <= cap
    return registry


def oracle_of(engine: Engine, catalog: Catalog, events: Iterable[Event], cap: int) -> Oracle:
    """The oracle that was told the same events, with the engine's registry of label values."""
    return Oracle(events, catalog, admitted(engine, catalog, cap), cap)


def plain(value: KpiValue) -> Any:
    """All that a rebuild, or the other way to read, must reproduce to the bit."""
    return (
        value.state, value.sure, value.reading, value.breakdowns, value.last_event, value.pending,
    )  # fmt: skip
