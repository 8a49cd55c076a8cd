"""The whole demo: a collector, three products, their history, then live traffic until the end."""

import contextlib
import json
import selectors
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import loopgauge_catalog

from loopgauge_demo.processes import Child, CollectorProcess, DemoFailed
from loopgauge_demo.product import PRODUCTS
from loopgauge_demo.world import DAY, MINUTE

CATALOGS: Final = Path(loopgauge_catalog.__file__).parent / "tables"
_MIB: Final = 1 << 20
#: 70 days take 160 MiB, for a moment twice that, and the collector leaves 256 MiB free.
_ROOM: Final = 640 * _MIB


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen.

    Attributes:
        days: of history.
        seed: decides every chance.
        port: of the collector; 0 picks a free one.
        folder: keeps data and logs; None takes a temporary one, which is deleted.
        volume: scales the traffic of the history.
        record: whether each product writes down what it sent, as `<product>.jsonl`.
    """

    days: int = 70
    seed: int = 7
    port: int = 0
    folder: Path | None = None
    volume: float = 1.0
    record: bool = False


class Demo:
    """Starts everything on entry and leaves no process and no temporary file behind.

    Attributes:
        accounts: by product what became of its events, after the history; as in
            `product.Senders.account`.
        url: the collector's.
        folder: data and logs.
        end: of the history, a whole minute, in microseconds since the epoch.

    Raises:
        DemoFailed: a part did not start, or ended by itself.
    """

    def __init__(self, options: Options, now: int | None = None) -> None:
        self._options = options
        moment = time.time_ns() // 1000 if now is None else now
        self.end = moment // MINUTE * MINUTE
        self.accounts: dict[str, dict[str, int]] = {}
        self._stack = contextlib.ExitStack()
        self._products: dict[str, Child] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            chosen = self._options.folder or stack.enter_context(
                tempfile.TemporaryDirectory(prefix="loopgauge-demo-")
            )
            # The children run inside of it.
            self.folder = Path(chosen).resolve()
            self.folder.mkdir(parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise DemoFailed(f"{self.folder} is not empty; the demo begins with nothing")
            free = shutil.disk_usage(self.folder).free
            if free < _ROOM:
                raise DemoFailed(
                    f"{free // _MIB} MiB are free in {self.folder}, the demo wants "
                    f"{_ROOM // _MIB}; name a folder on another disk with --data-dir"
                )
            self._collector = CollectorProcess(self.folder, CATALOGS, self._options.port)
            stack.callback(self._collector.end)
            self._collector.wait_until_ready()
            self.url = self._collector.url
            for name in PRODUCTS:
                self._products[name] = product = self._start(name)
                stack.callback(product.end)
            # All get the word at once, so that waiting for one is waiting for all.
            stack.callback(self._hang_up)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def history(self) -> Iterator[tuple[str, int]]:
        """Send the history; yields product and days stored, as they come."""
        with selectors.DefaultSelector() as ready:
            for name, product in self._products.items():
                ready.register(product.output, selectors.EVENT_READ, name)
            while len(self.accounts) < len(self._products):
                for key, _ in ready.select():
                    name = key.data
                    line = self._products[name].readline()
                    if not line:
                        self._products[name].wait()
                        self._products[name].check()
                    said = json.loads(line)
                    if "day" in said:
                        yield name, said["day"]
                    else:
                        self.accounts[name] = said

    def compute(self) -> None:
        """Wait until every event of the history is in the numbers that are shown."""
        self._collector.wait_until_computed()

    def live(self, seconds: float | None) -> None:
        """Let live traffic go on for so long; None means for ever.

        Raises:
            DemoFailed: a part ended by itself.
        """
        for product in self._products.values():
            product.tell("live")
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            for child in (self._collector, *self._products.values()):
                child.check()
            time.sleep(0.25)

    def _start(self, name: str) -> Child:
        options = self._options
        arguments = [name, "--url", self.url, "--seed", str(options.seed)]
        arguments += ["--begin", str(self.end - options.days * DAY), "--end", str(self.end)]
        arguments += ["--volume", str(options.volume)]
        if options.record:
            arguments += ["--record", str(self.folder / f"{name}.jsonl")]
        log = self.folder / f"{name}.log"
        return Child("loopgauge_demo.product", arguments, log, self.folder)

    def _hang_up(self) -> None:
        for product in self._products.values():
            product.hang_up()
