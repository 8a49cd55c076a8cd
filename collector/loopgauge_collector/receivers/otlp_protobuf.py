"""OTLP log records from protobuf, in parts of a few hundred kilobytes."""

from collections import Counter
from collections.abc import Iterator
from itertools import compress

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from loopgauge_collector.events import IncomingColumns
from loopgauge_collector.receivers.base import Part
from loopgauge_collector.receivers.otlp_attributes import PairReader
from loopgauge_collector.receivers.otlp_pieces import Value
from loopgauge_collector.receivers.otlp_resource import Sender, with_id
from loopgauge_collector.receivers.otlp_schema import Record, parse_records, parse_resource
from loopgauge_collector.receivers.otlp_values import plain_value
from loopgauge_collector.receivers.protobuf_wire import LENGTH_DELIMITED, fields, malformed

#: Bytes of records between two turns of other requests: about 700 events, 4 ms.
_SLICE = 256 * 1024
_SENDERS_KEPT = 1000

# ExportLogsServiceRequest.resource_logs, ResourceLogs.resource and .scope_logs,
# ScopeLogs.log_records.
_RESOURCE_LOGS, _RESOURCE, _SCOPE_LOGS, _LOG_RECORDS = 1, 1, 2, 2


class ProtobufLogs:
    """Reads ExportLogsServiceRequests; remembers attributes and senders it saw."""

    def __init__(self) -> None:
        self._pairs = PairReader()
        self._senders: dict[bytes, Sender] = {}

    def parts(self, body: bytes) -> Iterator[Part]:
        """The events of a request, some at a time.

        Raises:
            Refused: 400, the body is no such message.
        """
        part = _Open()
        taken = 0
        for sender, start, end in self._slices(body):
            try:
                records = parse_records(body[start:end])
                self._read(records, sender, part)
            except DecodeError as error:
                raise malformed(str(error)) from None
            taken += end - start
            if taken >= _SLICE:
                yield part.close()
                taken = 0
        yield part.close()

    def _slices(self, body: bytes) -> Iterator[tuple[Sender, int, int]]:
        """Runs of log records, each of one sender, as places in the body."""
        for number, kind, _, start, end in fields(body, 0, len(body)):
            if (number, kind) != (_RESOURCE_LOGS, LENGTH_DELIMITED):
                continue
            resource = b""
            scopes: list[tuple[int, int]] = []
            for inner, inner_kind, _, inner_start, inner_end in fields(body, start, end):
                if (inner, inner_kind) == (_RESOURCE, LENGTH_DELIMITED):
                    # A field that stands twice is merged, which appending does.
                    resource += body[inner_start:inner_end]
                elif (inner, inner_kind) == (_SCOPE_LOGS, LENGTH_DELIMITED):
                    scopes.append((inner_start, inner_end))
            sender = self._sender(resource)
            for scope_start, scope_end in scopes:
                for run_start, run_end in _runs(body, scope_start, scope_end):
                    yield sender, run_start, run_end

    def _sender(self, resource: bytes) -> Sender:
        sender = self._senders.get(resource)
        if sender is None:
            attributes: dict[str, Value] = {}
            try:
                for pair in parse_resource(resource):
                    message = KeyValue.FromString(pair)
                    attributes[message.key] = plain_value(message.value)
            except DecodeError as error:
                raise malformed(f"a resource cannot be read: {error}") from None
            sender = Sender.of(attributes)
            if len(self._senders) >= _SENDERS_KEPT:
                self._senders.clear()
            self._senders[resource] = sender
        return sender

    def _read(self, records: list[Record], sender: Sender, part: "_Open") -> None:
        names = [record.event_name for record in records]
        indexes = list(range(part.index, part.index + len(records)))
        part.index += len(records)
        if "" in names:
            part.ignored[sender.product, sender.service] += names.count("")
            records = list(compress(records, names))
            indexes = list(compress(indexes, names))
            names = [record.event_name for record in records]
        read = self._pairs.read([record.attributes[:] for record in records])
        times = [record.time_unix_nano or record.observed_time_unix_nano for record in records]
        columns, before, count = part.columns, len(part.columns), len(records)
        columns.alike = before == 0 and read.producers[:1] * count == read.producers
        columns.index += indexes
        columns.id += read.ids
        columns.name += names
        columns.time += times
        columns.attributes += read.texts
        columns.product += [sender.product] * count
        columns.service += [sender.service] * count
        columns.environment += [sender.environment] * count
        columns.producer += read.producers
        columns.sequence += read.sequences
        columns.flaws.update((before + at, flaw) for at, flaw in read.flaws.items())
        if None in read.ids:
            for at in range(before, len(columns)):
                if columns.id[at] is None:
                    event = with_id(columns.event(at), sender)
                    columns.id[at] = event.id
                    if event.flaw is not None:
                        columns.flaws[at] = event.flaw


class _Open:
    """The part that is being filled."""

    def __init__(self) -> None:
        self.index = 0
        self.columns = IncomingColumns()
        self.ignored: Counter[tuple[str | None, str | None]] = Counter()

    def close(self) -> Part:
        part = Part(self.columns, self.ignored)
        self.columns, self.ignored = IncomingColumns(), Counter()
        return part


def _runs(body: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A scope's fields in runs of about `_SLICE` bytes, each a message of its own."""
    began: int | None = None
    for number, kind, field_start, content, field_end in fields(body, start, end):
        if (number, kind) == (_LOG_RECORDS, LENGTH_DELIMITED):
            if began is None:
                _refuse_other_signal(body, content, field_end)
                if end - start <= _SLICE:
                    yield start, end
                    return
                began = field_start
            if field_end - began >= _SLICE:
                yield began, field_end
                began = field_end
    if began is not None and began < end:
        yield began, end


def _refuse_other_signal(body: bytes, start: int, end: int) -> None:
    """Spans and metrics begin with a text where log records have their time."""
    for number, kind, *_ in fields(body, start, end):
        if (number, kind) == (1, LENGTH_DELIMITED):
            raise malformed("these are spans or metrics; /v1/logs takes log records")
        return
