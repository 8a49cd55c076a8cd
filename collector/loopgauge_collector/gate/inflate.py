"""Gzip bodies, inflated as they arrive and never beyond the limit."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from loopgauge_collector.errors import Refused

#: Bytes inflated between two turns of other requests: a third of a millisecond.
_PIECE = 256 * 1024
_GZIP = 31
_MAGIC = b"\x1f\x8b"


class Inflater:
    """One gzip body, fed in chunks.

    Args:
        limit: bytes that it may have inflated.
    """

    def __init__(self, limit: int) -> None:
        self._stream = zlib.decompressobj(_GZIP)
        self._limit = limit
        self._size = 0

    async def feed(self, chunk: bytes) -> AsyncIterator[bytes]:
        """What a chunk inflates to, in pieces.

        Raises:
            Refused: 400 for what is no single gzip member, 413 past the limit.
        """
        if self._stream.eof and chunk:
            raise _trailing()
        while True:
            try:
                piece = self._stream.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise Refused(400, "bad_gzip", f"the body is not gzip: {error}") from None
            if self._size == 0 and piece[:2] == _MAGIC:
                raise Refused(400, "bad_gzip", "the body is compressed twice")
            self._size += len(piece)
            if self._size > self._limit:
                raise Refused(
                    413,
                    "too_large",
                    f"the body inflates to more than {self._limit} bytes, the limit; cut it "
                    "into several requests",
                )
            if piece:
                yield piece
            if self._stream.unused_data:
                raise _trailing()
            chunk = self._stream.unconsumed_tail
            if not chunk and len(piece) < _PIECE:
                return
            await asyncio.sleep(0)

    def finish(self) -> None:
        """Check that the body was whole.

        Raises:
            Refused: 400, it was cut off.
        """
        if not self._stream.eof:
            raise Refused(400, "bad_gzip", "the gzip body is cut off")


def _trailing() -> Refused:
    return Refused(400, "bad_gzip", "there are bytes behind the gzip body; send one gzip member")
