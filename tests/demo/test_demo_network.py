"""Lost answers: what the demo's network sends twice is stored once."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from loopgauge import Emitter
from loopgauge_demo.network import LossyTransport

from tests.support.running import Running

CATALOG = """
product: shop
title: A shop
tables:
  orders:
    title: Orders
    kpis:
      orders: {row: S1, title: Orders, means: Orders placed, kind: count, event: order.placed, window: 24h}
events:
  order.placed: {attributes: {order.id: {required: true}}}
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    catalog = tmp_path / "shop.yaml"
    catalog.write_text(CATALOG)
    collector = Running(tmp_path, [catalog])
    yield collector
    collector.stop()


class Unlucky(Random):
    """Loses every answer."""

    def random(self) -> float:
        return 0.0


class Lucky(Random):
    """Loses none."""

    def random(self) -> float:
        return 0.999


def send(running: Running, random: Random) -> LossyTransport:
    transport = LossyTransport(running.url, random)
    with Emitter(product="shop", service="till", transport=transport) as emit:
        for number in range(300):
            emit.event("order.placed", {"order.id": f"o-{number}"})
        assert emit.flush()
        assert emit.stats().sent == 300
    return transport


def test_what_is_sent_twice_is_stored_once_and_counted_as_repeated(running: Running) -> None:
    transport = send(running, Unlucky())

    assert len([row for row in running.stored() if row["name"] == "order.placed"]) == 300
    assert transport.repeated >= 300
    assert running.outcomes()["duplicate"] == transport.repeated


def test_a_good_network_repeats_nothing(running: Running) -> None:
    transport = send(running, Lucky())

    assert transport.repeated == 0
    assert running.outcomes()["duplicate"] == 0
