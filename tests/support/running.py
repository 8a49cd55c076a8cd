"""A real collector in this process: its own loop and thread, a real port, raw sockets to it."""

import asyncio
import contextlib
import gzip
import http.client
import json
import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from loopgauge_catalog.builtin import COLLECTOR_SERVICE
from loopgauge_collector.app import create_app
from loopgauge_collector.collector import Collector
from loopgauge_collector.settings import Settings

Json = dict[str, Any]

JSON = "application/json"
PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Json:
        """The body as a JSON object."""
        content: Json = json.loads(self.body)
        return content


class Running:
    """A collector that answers until `stop`.

    Args:
        folder: takes the database.
        catalogs: files; none means the shipped samples.
        settings: fields that differ from the defaults.

    Attributes:
        loop: where the collector lives, for what has to be called there.
    """

    def __init__(self, folder: Path, catalogs: Sequence[Path] = (), **settings: Any) -> None:
        self.settings = Settings.model_validate(
            {"data_dir": folder / "data", "min_free_mib": 1, **settings}
        )
        self.collector = Collector(self.settings, list(catalogs) or None)
        # asyncio turns Nagle's algorithm off only where the protocol is named.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(self.collector),
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
            )
        )
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="collector")
        self._thread.start()
        self.loop = started.result(30)

    def _run(self, started: "Future[asyncio.AbstractEventLoop]") -> None:
        async def serve() -> None:
            await self.collector.start()
            self._socket.listen()
            started.set_result(asyncio.get_running_loop())
            await self._server.serve(sockets=[self._socket])
            await self.collector.stop()

        asyncio.run(serve())

    def stop(self) -> None:
        """Store what was accepted and end the thread."""
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()
        assert not self._thread.is_alive()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Json:
        """The JSON of a route that answers 200."""
        answer = self.request("GET", path)
        assert answer.status == 200, answer
        return answer.json()

    def post(
        self,
        path: str,
        body: bytes,
        media_type: str | None = JSON,
        *,
        packed: bool = False,
        encoding: str | None = None,
    ) -> Answer:
        """A POST; `packed` compresses the body, `encoding` only claims to."""
        named = {} if encoding is None else {"Content-Encoding": encoding}
        if media_type is not None:
            named["Content-Type"] = media_type
        if packed:
            body, named["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        return self.request("POST", path, body, named)

    def send(self, *events: object) -> Answer:
        """Events as a JSON batch."""
        return self.post("/v1/events", json.dumps({"events": events}).encode())

    def raw(self, data: bytes, *, half_close: bool = True) -> bytes:
        """Bytes on a socket, and all that comes back until the server closes.

        Args:
            data: what is sent; the server may have answered before all of it is.
            half_close: say that nothing more will come.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            return _all(connection)

    def outcomes(self) -> Counter[str]:
        """Events by outcome and reason (`stored`, `quarantined missing_id`), of all time."""
        result = self.collector.sql(
            """select trim(outcome || ' ' || reason), sum(events)::bigint from
            (select * from accounting union all select * from accounting_recent) group by 1"""
        )
        return Counter({outcome: events for outcome, events in result.rows if events})

    def stored(self) -> list[dict[str, Any]]:
        """Every stored event that somebody sent, oldest commit first."""
        result = self.collector.sql(
            f"select * from events where service <> '{COLLECTOR_SERVICE}' order by seq"
        )
        return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


def _all(connection: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := connection.recv(65536):
            received += chunk
    return received
