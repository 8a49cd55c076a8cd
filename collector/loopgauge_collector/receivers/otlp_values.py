"""OTLP values from protobuf as Python has them."""

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from loopgauge_collector.errors import Refused
from loopgauge_collector.receivers.otlp_pieces import MAX_DEPTH, Value


def plain_value(value: AnyValue, depth: int = 0) -> Value:
    """An AnyValue as Python has it.

    Raises:
        Refused: 400, lists in lists beyond all reason.
    """
    kind = value.WhichOneof("value")
    if depth == MAX_DEPTH and kind in ("array_value", "kvlist_value"):
        raise Refused(
            400, "too_deep", f"an attribute nests lists more than {MAX_DEPTH} levels deep"
        )
    match kind:
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return value.bytes_value
        case "array_value":
            return [plain_value(one, depth + 1) for one in value.array_value.values]
        case "kvlist_value":
            return {
                pair.key: plain_value(pair.value, depth + 1) for pair in value.kvlist_value.values
            }
        case _:
            return None
