"""Every wire format: one file and one line here each."""

from loopgauge_collector.receivers.base import Outcome, Part, Receiver
from loopgauge_collector.receivers.json_events import JsonEvents
from loopgauge_collector.receivers.otlp_logs import OtlpLogs
from loopgauge_collector.receivers.otlp_other import OtlpOther

RECEIVERS: tuple[Receiver, ...] = (
    JsonEvents(),
    OtlpLogs(),
    OtlpOther("traces"),
    OtlpOther("metrics"),
)

__all__ = ["RECEIVERS", "Outcome", "Part", "Receiver"]
