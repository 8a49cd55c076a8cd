"""`POST /v1/logs`: OTLP log records, in protobuf or JSON. Those with an event_name are events."""

from collections import Counter
from collections.abc import Iterator

from loopgauge_collector.errors import Refused
from loopgauge_collector.receivers.base import JSON, PROTOBUF, Outcome, Part
from loopgauge_collector.receivers.otlp_answers import full_success, partial_success, status
from loopgauge_collector.receivers.otlp_json import JsonLogs
from loopgauge_collector.receivers.otlp_protobuf import ProtobufLogs
from loopgauge_collector.settings import Settings

#: Bytes of the message that tells a client what was rejected.
_MESSAGE_MAX = 2000


class OtlpLogs:
    """The OTLP receiver. Limited by bytes only, because a client that gets 413 drops the batch."""

    path = "/v1/logs"
    media_types = (PROTOBUF, JSON)
    takes_events = True

    def __init__(self) -> None:
        self._protobuf = ProtobufLogs()
        self._json = JsonLogs()

    def wire_limit(self, settings: Settings) -> int:
        """Bytes of a request before it is inflated."""
        return settings.max_bytes

    def parts(self, body: bytes, media_type: str, _settings: Settings) -> Iterator[Part]:
        """The events of the request, some at a time. An empty body is an empty request.

        Raises:
            Refused: 400, the body is no ExportLogsServiceRequest.
        """
        if media_type == PROTOBUF:
            return self._protobuf.parts(body)
        return self._json.parts(body)

    def answer(self, outcome: Outcome, media_type: str) -> bytes:
        """An ExportLogsServiceResponse; its partial success is unset when all was taken."""
        rejected = outcome.verdict.rejected
        if not rejected:
            return full_success(media_type)
        reasons = Counter(event.reason for event in rejected)
        counts = ", ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
        message = (
            f"{len(rejected)} events are in quarantine ({counts}); first: {rejected[0].detail}. "
            "GET /api/v1/quarantine lists them, a replay stores them once the cause is mended"
        )
        return partial_success(
            media_type, "rejectedLogRecords", len(rejected), message[:_MESSAGE_MAX]
        )

    def refusal(self, refused: Refused, media_type: str) -> bytes:
        """A google.rpc.Status."""
        return status(media_type, refused)
