"""Pages of samples, one after the other: prometheus_client writes a line once, then we count.

From one Snapshot to the next nearly every line keeps its name and labels, and those are
what costs. So of a family whose series are those of the page before only the numbers are
new; every other family is written by prometheus_client (docs/decisions, 6).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from loopgauge_exporters.families import Family, Samples

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

#: Our names need no escaping; asked for it, the OpenMetrics writer goes through each name
#: letter by letter and takes twice the time.
_ENCODERS: dict[str, Callable[[Collector], bytes]] = {
    TEXT: choose_encoder(TEXT)[0],
    OPENMETRICS: choose_encoder(f"{OPENMETRICS}; escaping=allow-utf-8")[0],
}
#: A number as both formats have it.
_number: Callable[[float], str] = floatToGoString


@dataclass(frozen=True, slots=True)
class _Written:
    """A family as prometheus_client wrote it, without the numbers."""

    family: Family
    label_values: list[tuple[str, ...]]
    head: str
    starts: list[str]


class Pages:
    """Writes pages of one format. One page at a time.

    Args:
        content_type: `TEXT` or `OPENMETRICS`.
    """

    def __init__(self, content_type: str) -> None:
        self._encode = _ENCODERS[content_type]
        self._end = self._text()
        self._known: dict[str, _Written] = {}

    def write(self, families: Iterable[Samples]) -> bytes:
        """The next page; exactly what prometheus_client would write."""
        known: dict[str, _Written] = {}
        parts: list[str] = []
        for samples in families:
            written = self._known.get(samples.family.name)
            if (
                written is None
                or written.label_values != samples.label_values
                or written.family != samples.family
            ):
                written = self._written(samples)
            known[samples.family.name] = written
            parts.append(written.head)
            parts += [
                f"{start}{_number(number)}\n"
                for start, number in zip(written.starts, samples.numbers, strict=True)
            ]
        self._known = known
        parts.append(self._end)
        return "".join(parts).encode()

    def _written(self, samples: Samples) -> _Written:
        lines = self._text(samples.metric()).removesuffix(self._end).split("\n")[:-1]
        first = len(lines) - len(samples.numbers)
        return _Written(
            samples.family,
            samples.label_values,
            "".join(f"{line}\n" for line in lines[:first]),
            [line[: line.rindex(" ") + 1] for line in lines[first:]],
        )

    def _text(self, *metrics: Metric) -> str:
        return self._encode(_Metrics(*metrics)).decode()


class _Metrics(Collector):
    """Metrics in the shape that prometheus_client writes out."""

    def __init__(self, *metrics: Metric) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        return iter(self._metrics)
