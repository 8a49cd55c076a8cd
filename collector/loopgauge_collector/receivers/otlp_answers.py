"""What OTLP answers, in the encoding of the request.

The messages are three numbers and a text, so they are put together here by hand:

    Export<Signal>ServiceResponse {partial_success: 1 {rejected_<what>: 1, error_message: 2}}
    google.rpc.Status {code: 1, message: 2}
"""

import msgspec

from loopgauge_collector.errors import Refused
from loopgauge_collector.receivers.base import PROTOBUF

#: HTTP status -> google.rpc.Code; others are INVALID_ARGUMENT.
_CODES = {413: 8, 503: 14, 408: 4}
_INVALID_ARGUMENT = 3


def full_success(media_type: str) -> bytes:
    """Everything was taken."""
    return b"" if media_type == PROTOBUF else b"{}"


def partial_success(media_type: str, field: str, rejected: int, message: str) -> bytes:
    """Some of it was rejected for good; the client must not send it again.

    Args:
        media_type: of the request.
        field: the JSON name of the count, such as `rejectedLogRecords`.
        rejected: how many.
        message: why.
    """
    if media_type == PROTOBUF:
        return _message(1, _number(1, rejected) + _message(2, message.encode()))
    # 64 bit integers are texts in protobuf's JSON.
    return msgspec.json.encode({"partialSuccess": {field: str(rejected), "errorMessage": message}})


def status(media_type: str, refused: Refused) -> bytes:
    """A google.rpc.Status for a request that was turned away whole."""
    code = _CODES.get(refused.status, _INVALID_ARGUMENT)
    if media_type == PROTOBUF:
        return _number(1, code) + _message(2, refused.detail.encode())
    return msgspec.json.encode({"code": code, "message": refused.detail})


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content
