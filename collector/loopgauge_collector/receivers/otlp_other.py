"""`POST /v1/traces` and `/v1/metrics`: answered, and not taken.

An SDK on its defaults sends all three signals to one address. With a 404 it would log
errors for ever; with a partial success it is told once why nothing was kept.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from loopgauge_collector.admission.json_text import has_more_values
from loopgauge_collector.errors import Refused
from loopgauge_collector.receivers.base import JSON, PROTOBUF, Outcome, Part
from loopgauge_collector.receivers.otlp_answers import full_success, partial_success, status
from loopgauge_collector.receivers.protobuf_wire import LENGTH_DELIMITED, fields
from loopgauge_collector.settings import Settings

_MAX_VALUES = 1_500_000

# How spans and data points are found: field numbers from the request inwards, and the
# JSON names of the same. A metric keeps its points in one of five fields.
_SPANS = ((1,), (2,), (2,))
_POINTS = ((1,), (2,), (2,), (5, 7, 9, 10, 11), (1,))
_SPANS_JSON = (("resourceSpans",), ("scopeSpans",), ("spans",))
_POINTS_JSON = (
    ("resourceMetrics",),
    ("scopeMetrics",),
    ("metrics",),
    ("gauge", "sum", "histogram", "exponentialHistogram", "summary"),
    ("dataPoints",),
)


class OtlpOther:
    """The receiver of a signal that LoopGauge does not keep."""

    media_types = (PROTOBUF, JSON)
    takes_events = False

    def __init__(self, signal: Literal["traces", "metrics"]) -> None:
        self.path = f"/v1/{signal}"
        self._signal = signal
        self._is_traces = signal == "traces"

    def wire_limit(self, settings: Settings) -> int:
        """Bytes of a request before it is inflated."""
        return settings.max_bytes

    def parts(self, body: bytes, media_type: str, _settings: Settings) -> Iterator[Part]:
        """Nothing but how many spans or data points there are.

        Raises:
            Refused: 400, the body is no such message.
        """
        if media_type == PROTOBUF:
            path = _SPANS if self._is_traces else _POINTS
            yield Part([], foreign=_count(body, 0, len(body), path))
        elif body:
            names = _SPANS_JSON if self._is_traces else _POINTS_JSON
            yield Part([], foreign=_count_json(body, names))

    def answer(self, outcome: Outcome, media_type: str) -> bytes:
        """A partial success that rejects everything and says why."""
        if outcome.foreign == 0:
            return full_success(media_type)
        field, variable = (
            ("rejectedSpans", "OTEL_TRACES_EXPORTER")
            if self._is_traces
            else ("rejectedDataPoints", "OTEL_METRICS_EXPORTER")
        )
        return partial_success(
            media_type,
            field,
            outcome.foreign,
            f"LoopGauge keeps log records with an event_name and no {self._signal}; set "
            f"{variable}=none, or send them elsewhere",
        )

    def refusal(self, refused: Refused, media_type: str) -> bytes:
        """A google.rpc.Status."""
        return status(media_type, refused)


def _count(body: bytes, start: int, end: int, path: tuple[tuple[int, ...], ...]) -> int:
    count = 0
    for number, kind, _, inner_start, inner_end in fields(body, start, end):
        if kind == LENGTH_DELIMITED and number in path[0]:
            count += 1 if len(path) == 1 else _count(body, inner_start, inner_end, path[1:])
    return count


def _count_json(body: bytes, names: tuple[tuple[str, ...], ...]) -> int:
    try:
        body.decode()
        if has_more_values(body, _MAX_VALUES):
            raise Refused(413, "too_many_values", f"more than {_MAX_VALUES} values; cut it")
        return _count_members(msgspec.Raw(body), names)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "malformed_json", f"the body is not OTLP JSON: {error}") from None


def _count_members(raw: msgspec.Raw, names: tuple[tuple[str, ...], ...]) -> int:
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    count = 0
    for name in names[0]:
        inner = members.get(name)
        if inner is None:
            continue
        if name in ("gauge", "sum", "histogram", "exponentialHistogram", "summary"):
            count += _count_members(inner, names[1:])
            continue
        values = msgspec.json.decode(inner, type=list[msgspec.Raw])
        if len(names) == 1:
            count += len(values)
        else:
            count += sum(_count_members(value, names[1:]) for value in values)
    return count
