"""One KPI value as metric families: its number, its share within the target, its breakdowns.

A number that is not defined has no series. It is never exported as 0.
"""

from collections.abc import Iterator, Mapping

from loopgauge_catalog import names
from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Reading

from loopgauge_exporters.families import Family, Samples
from loopgauge_exporters.labels import clean


def families_of(value: KpiValue) -> Iterator[Samples]:
    """Every family that is the KPI's own; a family without a series is left out."""
    if value.state is State.NO_DATA:
        return
    kpi, about = value.kpi, _about(value)
    stat = _own_stat(value)
    readings = _by_window(value)

    numbers = _gauge(
        names.kpi_family(kpi.product, kpi.key, value.unit),
        about,
        (),
        stat,
        windowed=_windowed(value),
    )
    shares = _gauge(
        names.within_target_family(kpi.product, kpi.key),
        f"Share within the target ({_target(value)}). {about}",
        (),
        None,
        windowed=_windowed(value),
    )
    for window, reading in readings.items():
        _add_numbers(numbers, reading, (), stat, window)
        _add_share(shares, reading, (), window)
    yield from _filled(numbers, shares)

    own = next(iter(readings))
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

    numbers = _gauge(name(value.unit), about, label, stat, windowed=_windowed(value))
    shares = _gauge(
        name(names.WITHIN_TARGET),
        f"Share within the target ({_target(value)}), by {attribute}. {_about(value)}",
        label,
        None,
        windowed=_windowed(value),
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


def _windowed(value: KpiValue) -> bool:
    return value.kpi.own_window is not None


def _by_window(value: KpiValue) -> dict[str | None, Reading]:
    """Readings by the name of their window, the KPI's own first; None for kinds without."""
    own = value.kpi.own_window
    if own is None:
        return {None: value.reading}
    by_window: dict[str | None, Reading] = {format_duration(own): value.reading}
    for name, reading in value.windows.items():
        by_window.setdefault(name, reading)
    return by_window


def _own_stat(value: KpiValue) -> str | None:
    """The `stat` of the KPI's value: ``p95`` for quantiles, None for kinds with one number."""
    quantile = getattr(value.kpi, "quantile", None)
    if quantile is not None:
        return names.stat_name(quantile)
    every = (value.reading, *value.windows.values())
    return value.kpi.kind if any(reading.stats for reading in every) else None


def _gauge(
    name: str, about: str, labels: tuple[str, ...], stat: str | None, *, windowed: bool
) -> Samples:
    own = (names.LABEL_STAT,) * (stat is not None) + (names.LABEL_WINDOW,) * windowed
    return Samples(Family(name, "gauge", labels + own, about))


def _add_numbers(
    samples: Samples,
    reading: Reading,
    labels: tuple[str, ...],
    stat: str | None,
    window: str | None,
) -> None:
    if reading.value is None:
        return
    of_window = () if window is None else (window,)
    if stat is None:
        samples.add(labels + of_window, reading.value)
        return
    for name, number in ({stat: reading.value} | dict(reading.stats)).items():
        samples.add((*labels, name, *of_window), number)


def _add_share(
    samples: Samples, reading: Reading, labels: tuple[str, ...], window: str | None
) -> None:
    if reading.share is not None:
        samples.add(labels if window is None else (*labels, window), reading.share)


def _filled(*families: Samples) -> Iterator[Samples]:
    return (samples for samples in families if samples.numbers)
