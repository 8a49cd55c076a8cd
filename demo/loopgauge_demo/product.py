"""One simulated product as a process of its own: `python -m loopgauge_demo.product musicgen …`.

Sends the history as fast as the collector takes it, says so on standard output, and goes on
with live traffic when its standard input says `live`. The end of the input ends it: nobody
has to be there to stop it.
"""

import argparse
import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, TextIO

from loopgauge import Emitter

from loopgauge_demo.campaigns import Campaigns
from loopgauge_demo.musicgen import MusicGen
from loopgauge_demo.network import LossyTransport
from loopgauge_demo.world import DAY, HOUR, Event, Product, World
from loopgauge_demo.ytempire import YtEmpire

PRODUCTS: Final[dict[str, Callable[[], Product]]] = {
    "musicgen": MusicGen,
    "ytempire": YtEmpire,
    "campaigns": Campaigns,
}

#: Seconds between two looks at the clock in live time.
_STEP: Final = 0.25
#: Seconds for one day of history to be stored; a slow machine is no reason to give up.
_PATIENCE: Final = 300.0
_END_PATIENCE: Final = 5.0
#: What producers say of themselves, and how often it is said of the history.
_REPORT: Final = "loop.producer_reported"
_REPORT_EVERY: Final = 2 * HOUR
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Senders:
    """One emitter for each service of the product, and the account of what they were given.

    Args:
        product: whose services.
        url: the collector.
        seed: decides which answers get lost on the way.
        record: takes one line of JSON for each event; None keeps no record.
    """

    def __init__(self, product: str, url: str, seed: int, record: TextIO | None) -> None:
        self._product = product
        self._url = url
        self._seed = seed
        self._record = record
        self._emitters: dict[str, Emitter] = {}
        self._transports: list[LossyTransport] = []
        self._late = 0
        self._reported = 0

    def send(self, events: list[Event]) -> None:
        """Hand events to the library, each to the emitter of its service."""
        emitters = self._emitters
        for event in events:
            self._report(event.due)
            emitter = emitters.get(event.service)
            if emitter is None:
                emitter = emitters[event.service] = self._open(event.service)
            moment = _EPOCH + timedelta(microseconds=event.time)
            emitter.event(event.name, event.attributes, time=moment)
            self._late += event.due != event.time
        if self._record is not None:
            for event in events:
                line = [event.time, event.name, event.attributes]
                self._record.write(json.dumps(line) + "\n")

    def _report(self, due: int) -> None:
        """Say how far each service had counted by then, as the library does of the present.

        Without it nobody could know when in the history something was lost.
        """
        if due - self._reported < _REPORT_EVERY:
            return
        self._reported = due
        for emitter in self._emitters.values():
            counted = {"loop.sequence.high": emitter.stats().emitted}
            emitter.event(_REPORT, counted, time=_EPOCH + timedelta(microseconds=due))

    def flush(self, seconds: float) -> bool:
        """Wait until all is settled; False when the collector did not take it in time."""
        deadline = time.monotonic() + seconds
        return all(
            emitter.flush(max(0.0, deadline - time.monotonic()))
            for emitter in self._emitters.values()
        )

    def close(self) -> None:
        """Send what waits, and end."""
        # At once: a collector that is gone keeps each of them waiting.
        threads = [threading.Thread(target=emitter.close) for emitter in self._emitters.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def account(self) -> dict[str, int]:
        """What became of the events so far.

        `given` is the sum of `stored`, `quarantined` and `dropped`; of these, `late` were sent
        after their time and `repeated` were sent twice.
        """
        total = Counter(given=0, stored=0, quarantined=0, dropped=0, late=self._late)
        for emitter in self._emitters.values():
            stats = emitter.stats()
            total["given"] += stats.emitted
            total["stored"] += stats.sent
            total["quarantined"] += stats.quarantined
            total["dropped"] += sum(stats.dropped.values())
        total["repeated"] = sum(transport.repeated for transport in self._transports)
        return dict(total)

    def _open(self, service: str) -> Emitter:
        transport = LossyTransport(self._url, Random(f"{self._seed} {service}"))
        self._transports.append(transport)
        return Emitter(
            product=self._product,
            service=service,
            transport=transport,
            # A day of history waits at most, and goes out in few requests.
            queue_size=200_000,
            batch_size=2_000,
            exit_timeout=_END_PATIENCE,
        )


class Orders:
    """What the parent wants: a line `live` on standard input, or its end.

    Attributes:
        ended: whether it is time to stop.
    """

    def __init__(self, source: int) -> None:
        self._source = source
        self.ended = False
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, *_: object) -> None:
        self.ended = True

    def wait(self, seconds: float) -> bool:
        """Wait for an order; True when it was `live`."""
        with contextlib.suppress(InterruptedError):
            readable, _, _ = select.select([self._source], [], [], seconds)
            if readable:
                said = os.read(self._source, 1024)
                self.ended = not said or self.ended
                return bool(said)
        return False


def main() -> int:
    """Run one product; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m loopgauge_demo.product")
    parser.add_argument("product", choices=PRODUCTS)
    parser.add_argument("--url", required=True, help="the collector")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--begin", type=int, required=True, help="microseconds since 1970")
    parser.add_argument("--end", type=int, required=True, help="of the history")
    parser.add_argument("--volume", type=float, default=1.0)
    parser.add_argument("--record", type=Path, help="write down there what was sent")
    given = parser.parse_args()
    # Ctrl-C reaches every process of a terminal; the parent ends this one in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = Orders(sys.stdin.fileno())
    world = World(
        PRODUCTS[given.product](),
        seed=given.seed,
        begin=given.begin,
        end=given.end,
        volume=given.volume,
    )
    with _record(given.record) as record:
        senders = Senders(given.product, given.url, given.seed, record)
        try:
            for day in _history(world, senders, orders):
                _say({"day": day})
            if orders.ended:
                return 0
            if record is not None:
                record.flush()
            _say(senders.account())
            _live(world, senders, orders)
        except TimeoutError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        finally:
            senders.close()
    return 0


def _history(world: World, senders: Senders, orders: Orders) -> Iterator[int]:
    """Send day after day; yields how many are stored."""
    for day, until in enumerate(range(world.begin + DAY, world.end + 1, DAY), start=1):
        orders.wait(0)
        if orders.ended:
            return
        senders.send(world.advance(until))
        deadline = time.monotonic() + _PATIENCE
        while not senders.flush(1.0):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the collector did not take day {day} of the history")
            orders.wait(0)
            if orders.ended:
                return
        yield day


def _live(world: World, senders: Senders, orders: Orders) -> None:
    while not orders.ended and not orders.wait(_STEP):
        continue
    world.go_live(_now())
    while not orders.ended:
        senders.send(world.advance(_now()))
        orders.wait(_STEP)


@contextlib.contextmanager
def _record(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
    else:
        with path.open("w", encoding="utf-8") as file:
            yield file


def _now() -> int:
    return time.time_ns() // 1000


def _say(line: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
