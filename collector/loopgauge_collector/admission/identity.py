"""Event ids: UUIDs whose first 48 bits follow the event's time.

Dedupe without an index lives from that order. A UUIDv7 is kept; another UUID, or an
OTLP record without any id, becomes one with the event's time and a hash in front of it,
the same for every repeat. The result is again a valid UUIDv7, so an event that was
exported and sent once more keeps its id.
"""

import hashlib
import re
from collections.abc import Sequence

from loopgauge_collector.admission.reasons import Fault, shown

#: Attribute under which the id stands that a producer gave and that was no UUIDv7.
ORIGINAL_ID = "loopgauge.original_id"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NIL = "00000000-0000-0000-0000-000000000000"
_MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff"
#: A UUID and the end of its line, every hexadecimal digit as x.
_LINE = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\n"
_SHAPE = bytes.maketrans(b"0123456789abcdefx", b"x" * 16 + b"?")
_48_BITS = (1 << 48) - 1


def uuid_text(text: str) -> str:
    """A UUID in lower case.

    Raises:
        Fault: `invalid_id`.
    """
    lower = text.lower()
    if len(text) != 36 or _UUID.fullmatch(lower) is None:
        raise Fault(
            "invalid_id",
            f"the id {shown(text)} is no UUID; write a UUIDv7 such as "
            "0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e21",
        )
    if lower in (_NIL, _MAX):
        raise Fault("invalid_id", f"the id {lower} is reserved; make one UUIDv7 per event")
    return lower


def follows_time(uuid: str) -> bool:
    """Whether a UUID in lower case is a UUIDv7."""
    return uuid[14] == "7" and uuid[19] in "89ab"


def timely(time: int, *parts: str | bytes) -> str:
    """48 bits of the time and 74 bits of a hash, as a UUIDv7.

    Args:
        time: microseconds since the epoch.
        parts: what makes the event itself, in order.
    """
    digest = hashlib.blake2b(digest_size=10)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        # The length in front keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(b"%d:" % len(raw))
        digest.update(raw)
    noise = int.from_bytes(digest.digest(), "big")
    value = (time // 1000 & _48_BITS) << 80
    value |= 7 << 76 | (noise >> 62 & 0xFFF) << 64
    value |= 2 << 62 | noise & ((1 << 62) - 1)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def all_follow_time(ids: Sequence[str]) -> bool:
    """Whether every text is a UUIDv7 in lower case: one look at all, not one at each."""
    try:
        lines = "\n".join([*ids, ""]).encode("ascii")
    except UnicodeEncodeError:
        return False
    count, line = len(ids), len(_LINE)
    return (
        count > 0
        and lines.translate(_SHAPE) == _LINE * count
        and lines[14::line] == b"7" * count
        and not lines[19::line].strip(b"89ab")
    )
