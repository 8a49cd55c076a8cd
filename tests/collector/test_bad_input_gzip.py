"""Rows 19 to 27 of the catalogue: compressed bodies."""

import asyncio
import gzip
import json
import zlib
from collections import Counter

import pytest
from loopgauge_collector.errors import Refused
from loopgauge_collector.gate.inflate import Inflater

from tests.collector.conftest import Probe

MIB = 2**20


def batch(probe: Probe) -> bytes:
    return json.dumps({"events": [probe.event()]}).encode()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A gzip body that inflates to 256 MiB of blanks."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * MIB) for _ in range(256))
    return packed + packer.flush()


def test_a_packed_batch_is_stored(probe: Probe) -> None:
    answer = probe.running.post("/v1/events", batch(probe), packed=True)

    assert (answer.status, answer.json()["accepted"]) == (200, 1)
    probe.sees(stored=1)


@pytest.mark.parametrize("path", ["/v1/events", "/v1/logs"])
def test_a_bomb_is_413_and_names_the_limit(probe: Probe, bomb: bytes, path: str) -> None:
    answer = probe.running.post(path, bomb, encoding="gzip")

    assert answer.status == 413
    assert str(20 * MIB) in answer.body.decode()
    probe.sees()


def test_of_a_bomb_no_more_than_the_limit_is_ever_inflated(bomb: bytes) -> None:
    inflated = Counter[str]()

    async def inflate() -> None:
        async for piece in Inflater(MIB).feed(bomb):
            inflated["bytes"] += len(piece)

    with pytest.raises(Refused) as refused:
        asyncio.run(inflate())

    assert refused.value.status == 413
    assert 0 < inflated["bytes"] <= MIB


def test_a_body_of_exactly_the_limit_is_inflated(probe: Probe) -> None:
    body = batch(probe)
    padded = body + b" " * (20 * MIB - len(body))

    assert probe.running.post("/v1/events", padded, packed=True).json()["accepted"] == 1
    assert probe.running.post("/v1/events", padded + b" ", packed=True).status == 413
    probe.sees(stored=1)


@pytest.mark.parametrize("path", ["/v1/events", "/v1/logs"])
def test_what_is_no_single_whole_gzip_member_is_400(probe: Probe, path: str) -> None:
    packed = gzip.compress(batch(probe))
    flipped = packed[:-8] + bytes(4) + packed[-4:]
    for body in (
        gzip.compress(packed),
        b'{"events":[]}',
        packed[:-9],
        packed[:5],
        flipped,
        packed + packed,
        packed + b"\0",
        b"",
    ):
        answer = probe.running.post(path, body, encoding="gzip")
        assert answer.status == 400, (body[:20], answer)
        assert "gzip" in answer.body.decode() or "compressed" in answer.body.decode()
    probe.sees()


@pytest.mark.parametrize(
    "encoding", ["br", "deflate", "zstd", "gzip, gzip", "identity, gzip", "x-snappy-framed"]
)
def test_another_encoding_is_415(probe: Probe, encoding: str) -> None:
    answer = probe.running.post("/v1/events", batch(probe), encoding=encoding)

    assert (answer.status, answer.json()["reason"]) == (415, "encoding")
    probe.sees()


def test_identity_says_nothing_new(probe: Probe) -> None:
    answer = probe.running.post("/v1/events", batch(probe), encoding="identity")

    assert answer.status == 200
    probe.sees(stored=1)
