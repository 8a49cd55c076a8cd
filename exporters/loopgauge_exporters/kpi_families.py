"""One KPI value as metric families: its number, its share within the target, steps, breakdowns.

A number that is not defined has no series, nor has the 0 of a source that is silent: what
nobody measured is never exported as 0.
"""

from collections.abc import Iterator, Mapping

from loopgauge_catalog import names
from loopgauge_catalog.series import own_stat, own_window
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Reading

from loopgauge_exporters.families import Family, Samples
from loopgauge_exporters.labels import clean


def families_of(value: KpiValue) -> Iterator[Samples]:
    """Every family that is the KPI's own; a family without a series is left out."""
    if value.state is State.NO_DATA:
        return
    kpi, about = value.kpi, _about(value)
    own = own_window(kpi)
    stat = _stat(value)

    numbers = _gauge(names.kpi_family(kpi.product, kpi.key, value.unit), about, (), own, stat=stat)
    shares = _gauge(
        names.within_target_family(kpi.product, kpi.key),
        f"Share within the target ({_target(value)}). {about}",
        (),
        own,
    )
    for window, reading in _by_window(value, own).items():
        _add_numbers(numbers, reading, (), stat, window)
        _add_share(shares, reading, (), window)
    steps = _gauge(
        names.step_family(kpi.product, kpi.key),
        f"Share of those who began that reached each step. {about}",
        (names.LABEL_STEP,),
        own,
    )
    for step, share in value.reading.steps.items():
        steps.add(_labels((clean(step),), own), share)
    yield from _filled(numbers, shares, steps)

    for attribute, by_value in value.breakdowns.items():
        yield from _breakdown(value, attribute, by_value, stat, own)


def _breakdown(
    value: KpiValue,
    attribute: str,
    by_value: Mapping[str, Reading],
    stat: str | None,
    window: str | None,
) -> Iterator[Samples]:
    kpi = value.kpi
    about = f"By {attribute}. {_about(value)}"
    label = (names.breakdown_label(attribute),)

    def name(unit: str) -> str:
        return names.breakdown_family(kpi.product, kpi.key, attribute, unit)

    numbers = _gauge(name(value.unit), about, label, window, stat=stat)
    shares = _gauge(
        name(names.WITHIN_TARGET),
        f"Share within the target ({_target(value)}), by {attribute}. {_about(value)}",
        label,
        window,
    )
    for label_value, reading in by_value.items():
        of = (clean(label_value),)
        _add_numbers(numbers, reading, of, stat, window)
        _add_share(shares, reading, of, window)
    yield from _filled(numbers, shares)


def _about(value: KpiValue) -> str:
    """Title, row and meaning on one line, for HELP."""
    kpi = value.kpi
    return clean(" ".join(f"{kpi.title} ({kpi.row}). {kpi.means or ''}".split()))


def _target(value: KpiValue) -> str:
    return value.kpi.target.words() if value.kpi.target is not None else "none"


def _by_window(value: KpiValue, own: str | None) -> dict[str | None, Reading]:
    """Readings by the name of their window, the KPI's own first; None for kinds without."""
    by_window: dict[str | None, Reading] = {own: value.reading}
    if own is not None:
        for name, reading in value.windows.items():
            by_window.setdefault(name, reading)
    return {name: each for name, each in by_window.items() if value.measured(each)}


def _stat(value: KpiValue) -> str | None:
    """The `stat` of the value itself; None where no further number stands beside it."""
    stat = own_stat(value.kpi)
    if stat is None and any(r.stats for r in (value.reading, *value.windows.values())):
        return names.OWN_STAT
    return stat


def _labels(labels: tuple[str, ...], window: str | None) -> tuple[str, ...]:
    return labels if window is None else (*labels, window)


def _gauge(
    name: str, about: str, labels: tuple[str, ...], window: str | None, *, stat: str | None = None
) -> Samples:
    own = (names.LABEL_STAT,) * (stat is not None) + (names.LABEL_WINDOW,) * (window is not None)
    return Samples(Family(name, "gauge", labels + own, about))


def _add_numbers(
    samples: Samples,
    reading: Reading,
    labels: tuple[str, ...],
    stat: str | None,
    window: str | None,
) -> None:
    """The value and what stands beside it, which may be known alone: as money spent for nothing."""
    if stat is None:
        if reading.value is not None:
            samples.add(_labels(labels, window), reading.value)
        return
    own = {} if reading.value is None else {stat: reading.value}
    for name, number in {**own, **reading.stats}.items():
        samples.add(_labels((*labels, name), window), number)


def _add_share(
    samples: Samples, reading: Reading, labels: tuple[str, ...], window: str | None
) -> None:
    if reading.share is not None:
        samples.add(_labels(labels, window), reading.share)


def _filled(*families: Samples) -> Iterator[Samples]:
    return (samples for samples in families if samples.numbers)
