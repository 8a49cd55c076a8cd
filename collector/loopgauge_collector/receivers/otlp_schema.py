"""OTLP's log messages with less in them: the same field numbers, attributes as bytes.

Left as bytes, an attribute that came before is recognised without being parsed
(`otlp_attributes.py`); body, trace and severity of a record are skipped by the parser.
"""

from typing import Protocol, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "loopgauge.otlp"
_Field = descriptor_pb2.FieldDescriptorProto


class Record(Protocol):
    """opentelemetry.proto.logs.v1.LogRecord."""

    time_unix_nano: int
    observed_time_unix_nano: int
    event_name: str
    attributes: list[bytes]


class _Records(Protocol):
    """A run of log records of one scope."""

    log_records: list[Record]


class _Attributes(Protocol):
    """opentelemetry.proto.resource.v1.Resource."""

    attributes: list[bytes]


class _Parser(Protocol):
    def __call__(self, data: bytes, /) -> object: ...


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="loopgauge/otlp.proto", package=_PACKAGE, syntax="proto3"
    )
    record = file.message_type.add(name="Record")
    for name, number, kind, label in (
        ("time_unix_nano", 1, _Field.TYPE_FIXED64, _Field.LABEL_OPTIONAL),
        ("observed_time_unix_nano", 11, _Field.TYPE_FIXED64, _Field.LABEL_OPTIONAL),
        ("attributes", 6, _Field.TYPE_BYTES, _Field.LABEL_REPEATED),
        ("event_name", 12, _Field.TYPE_STRING, _Field.LABEL_OPTIONAL),
    ):
        record.field.add(name=name, number=number, type=kind, label=label)
    file.message_type.add(name="Records").field.add(
        name="log_records", number=2, type=_Field.TYPE_MESSAGE, label=_Field.LABEL_REPEATED,
        type_name=f".{_PACKAGE}.Record",
    )  # fmt: skip
    file.message_type.add(name="Resource").field.add(
        name="attributes", number=1, type=_Field.TYPE_BYTES, label=_Field.LABEL_REPEATED
    )
    return file


def _parser(pool: descriptor_pool.DescriptorPool, message: str) -> _Parser:
    descriptor = pool.FindMessageTypeByName(f"{_PACKAGE}.{message}")
    return cast("_Parser", message_factory.GetMessageClass(descriptor).FromString)


# A pool of its own: nothing here can meet the full messages of opentelemetry-proto.
_pool = descriptor_pool.DescriptorPool()
_pool.AddSerializedFile(_file().SerializeToString())
_records = _parser(_pool, "Records")
_resource = _parser(_pool, "Resource")


def parse_records(data: bytes) -> list[Record]:
    """Log records from a run of `log_records` fields.

    Raises:
        google.protobuf.message.DecodeError: no such message.
    """
    return list(cast("_Records", _records(data)).log_records)


def parse_resource(data: bytes) -> list[bytes]:
    """The attributes of a resource, each a serialized KeyValue.

    Raises:
        google.protobuf.message.DecodeError: no such message.
    """
    return list(cast("_Attributes", _resource(data)).attributes)
