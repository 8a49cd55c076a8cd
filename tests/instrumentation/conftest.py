"""A stand-in for the collector: a real HTTP server that reads OTLP with protobuf's own parser."""

import gzip
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import pytest
from google.protobuf.json_format import Parse
from loopgauge import Emitter
from loopgauge.testing import raising_faults
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

REPORT = "loop.producer_reported"


@dataclass(frozen=True)
class Received:
    """One log record, as protobuf understood it."""

    name: str
    id: str
    producer: str
    sequence: int | None
    nanoseconds: int
    attributes: dict[str, Any]
    resource: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the stand-in does with one request, after it has read it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    how: Literal["answer", "hang", "drop"] = "answer"


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    arrived: float
    reply: Reply

    @property
    def records(self) -> list[Received]:
        if self.headers["content-type"] == "application/x-protobuf":
            return _read(ExportLogsServiceRequest.FromString(self.body))
        return read_otlp(self.body)


class StandIn:
    """Listens on a free port; answers 200 unless `replies` say otherwise."""

    def __init__(self, port: int = 0) -> None:
        self.replies: list[Reply] = []
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def taken(self) -> list[Received]:
        """Records of requests that a collector would have stored, heartbeats left out."""
        return [record for record in self._stored() if record.name != REPORT]

    @property
    def reports(self) -> list[Received]:
        return [record for record in self._stored() if record.name == REPORT]

    def _stored(self) -> list[Received]:
        return [
            record
            for request in list(self.requests)
            if request.reply.status == 200 and request.reply.how != "hang"
            for record in request.records
        ]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Fail when it does not become true."""
        give_up = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < give_up, f"never happened; {len(self.requests)} requests came"
            time.sleep(0.005)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game; anything else is not."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 20

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            reply = stand_in.replies.pop(0) if stand_in.replies else Reply()
            headers = {key.lower(): value for key, value in self.headers.items()}
            stand_in.requests.append(
                Request(self.path, headers, body, id(self), time.monotonic(), reply)
            )
            if reply.how == "hang":
                stand_in.released.wait(20)
            if reply.how != "answer":
                self.close_connection = True
                return
            self.send_response(reply.status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            is_protobuf = headers["content-type"] == "application/x-protobuf"
            body = b"" if is_protobuf else reply.body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return

    return Handler


def read_otlp(body: bytes | str) -> list[Received]:
    """Records of an OTLP/JSON request, read with the official definition."""
    return _read(Parse(body, ExportLogsServiceRequest()))


def _read(request: ExportLogsServiceRequest) -> list[Received]:
    records = []
    for resource_logs in request.resource_logs:
        resource = _plain(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                assert len({item.key for item in record.attributes}) == len(record.attributes)
                attributes = _plain(record.attributes)
                records.append(
                    Received(
                        name=record.event_name,
                        id=attributes.pop("loopgauge.event.id"),
                        producer=attributes.pop("loopgauge.producer.id"),
                        sequence=attributes.pop("loopgauge.sequence", None),
                        nanoseconds=record.time_unix_nano,
                        attributes=attributes,
                        resource=resource,
                    )
                )
    return records


def _plain(attributes: Any) -> dict[str, Any]:
    return {item.key: _value(item.value) for item in attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    assert kind in ("string_value", "int_value", "double_value", "bool_value")
    return getattr(value, kind)


@pytest.fixture
def hidden_faults() -> None:
    """For tests of the hiding itself."""


@pytest.fixture(autouse=True)
def _faults_are_raised(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the library hides from its host must not hide from its tests."""
    if "hidden_faults" in request.fixturenames:
        yield
    else:
        with raising_faults():
            yield


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A collector's stand-in that accepts everything."""
    server = StandIn()
    yield server
    server.close()


@pytest.fixture
def make_stand_in() -> Iterator[Callable[[int], StandIn]]:
    """Makes further stand-ins, on a given port."""
    made: list[StandIn] = []

    def make(port: int) -> StandIn:
        made.append(StandIn(port))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def make_emitter(stand_in: StandIn) -> Iterator[Callable[..., Emitter]]:
    """Makes emitters that send to the stand-in, soon; takes what `Emitter` takes."""
    made: list[Emitter] = []

    def make(**given: Any) -> Emitter:
        given = {
            "product": "campaigns",
            "service": "campaign-api",
            "flush_interval": 0.01,
            "heartbeat_interval": 3600,
            **given,
        }
        if not {"endpoint", "transport", "logger_provider"} & given.keys():
            given["endpoint"] = stand_in.endpoint
        made.append(Emitter(**given))
        return made[-1]

    yield make
    stand_in.released.set()
    for emitter in made:
        emitter.close(0.2)


@pytest.fixture
def emit(make_emitter: Callable[..., Emitter]) -> Emitter:
    """An emitter that sends to the stand-in."""
    return make_emitter()


@pytest.fixture(scope="session")
def parse_otlp() -> Callable[[bytes | str], list[Received]]:
    """`read_otlp`, for requests that did not come over HTTP."""
    return read_otlp


@pytest.fixture
def reply() -> type[Reply]:
    """`Reply`, to tell the stand-in what to do."""
    return Reply
