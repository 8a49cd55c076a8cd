"""The gate: hosts, overload, security headers, and no 5xx but 503."""

import gzip
import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loopgauge_collector.errors import Overloaded, StorageError
from loopgauge_collector.events import Admitted, Verdict
from loopgauge_collector.settings import Settings

from tests.collector.conftest import EventMaker, Probe
from tests.collector.test_bad_input_http import head, status_of
from tests.support.running import JSON, PROTOBUF, Running

READS = ["/", "/metrics", "/healthz", "/readyz", "/api/v1/kpis", "/api/v1/quarantine", "/nowhere"]
SENDS = ["/v1/events", "/v1/logs", "/v1/traces", "/v1/metrics"]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:4318", "[::1]:80", "LOCALHOST", "localhost."]
)
def test_our_own_names_are_answered(probe: Probe, host: str) -> None:
    assert probe.running.request("GET", "/healthz", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil"]
)
@pytest.mark.parametrize("path", READS + SENDS)
def test_another_host_is_421_everywhere(probe: Probe, host: str, path: str) -> None:
    for method in ("GET", "POST"):
        answer = probe.running.request(method, path, headers={"Host": host, "Content-Type": JSON})
        assert answer.status == 421
        assert "LOOPGAUGE_ALLOWED_HOSTS" in answer.body.decode()


@pytest.mark.parametrize("host", ["", "a b", "a/b", "user@localhost", "[::1", "localhost:port"])
def test_a_host_that_is_none_is_400(probe: Probe, host: str) -> None:
    assert probe.running.request("GET", "/healthz", headers={"Host": host}).status == 400


def test_a_request_without_a_host_is_400(probe: Probe) -> None:
    assert (
        status_of(probe.running.raw(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")) == 400
    )


def test_names_of_the_settings_are_answered(run_collector: Callable[..., Running]) -> None:
    running = run_collector(allowed_hosts="collector, Metrics.Example")

    for host in ("collector:4318", "metrics.example"):
        assert running.request("GET", "/healthz", headers={"Host": host}).status == 200
    assert running.request("GET", "/healthz", headers={"Host": "example"}).status == 421


def test_beyond_loopback_bare_addresses_are_answered_and_names_are_not(
    run_collector: Callable[..., Running],
) -> None:
    running = run_collector(host="0.0.0.0", allow_unauthenticated=True)

    assert running.request("GET", "/healthz", headers={"Host": "10.1.2.3:4318"}).status == 200
    assert running.request("GET", "/healthz", headers={"Host": "[fe80::1]"}).status == 200
    assert running.request("GET", "/healthz", headers={"Host": "evil.example"}).status == 421


@pytest.mark.parametrize("path", READS + SENDS)
def test_every_answer_has_our_security_headers_and_none_allows_another_origin(
    probe: Probe, path: str
) -> None:
    for method, headers in (
        ("GET", {"Origin": "https://evil.example"}),
        ("OPTIONS", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}),
        ("POST", {"Origin": "https://evil.example", "Content-Type": "text/plain"}),
    ):
        answer = probe.running.request(method, path, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.status < 500


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_there_is_no_page_about_the_interface(probe: Probe, path: str) -> None:
    assert probe.running.request("GET", path).status == 404


@pytest.mark.parametrize("path", ["/api/v1/quarantine/replay", "/api/v1/sql"])
def test_what_acts_takes_json_only_so_that_no_form_of_a_page_can_send_it(
    probe: Probe, path: str
) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", None):
        assert probe.running.post(path, b'{"numbers":[1]}', media_type).status == 415


class TestWithoutRoom:
    """Overload is refused before the body, in the format of the request."""

    @pytest.fixture
    def full(self, running_collector: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
        def room() -> None:
            raise Overloaded("overload", "5 events wait to be stored; send it again later", 7)

        monkeypatch.setattr(running_collector.collector, "room", room)
        return running_collector

    @pytest.mark.parametrize("path", SENDS)
    def test_a_body_that_was_only_announced_is_refused(self, full: Running, path: str) -> None:
        with socket.create_connection(("127.0.0.1", full.port), timeout=10) as connection:
            connection.sendall(head(path, Content_Length="300000", Expect="100-continue"))
            reply = connection.recv(65536)

        assert status_of(reply) == 503
        assert b"retry-after: 7" in reply.lower()
        assert b"100 Continue" not in reply

    def test_the_refusal_is_in_the_encoding_of_the_request(self, full: Running) -> None:
        packed = full.post("/v1/logs", b"", PROTOBUF)
        plain = full.post("/v1/logs", b"{}", JSON)

        # google.rpc.Status {code: 14 UNAVAILABLE, message: ...}
        assert packed.body.startswith(b"\x08\x0e\x12")
        assert b"send it again later" in packed.body
        assert plain.json() == {
            "code": 14,
            "message": "5 events wait to be stored; send it again later",
        }
        assert full.collector.refusals["overload"] == 2

    def test_the_connection_can_be_used_on(
        self, full: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = b'{"events":[]}' + b" " * 200_000
        request = head(Content_Length=str(len(body))) + body
        last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

        reply = full.raw(request + request + last)

        assert [part[:3] for part in reply.split(b"HTTP/1.1 ")[1:]] == [b"503", b"503", b"200"]

    def test_a_replay_is_refused_too(self, full: Running) -> None:
        answer = full.post("/api/v1/quarantine/replay", b'{"numbers":[1]}')

        assert (answer.status, answer.headers["retry-after"]) == (503, "7")


def test_requests_that_are_read_at_once_share_a_budget(
    run_collector: Callable[..., Running], event: EventMaker
) -> None:
    running = run_collector(in_flight_bytes=2**20)
    slow = socket.create_connection(("127.0.0.1", running.port))
    slow.sendall(head(Content_Length=str(900_000)) + b"{")
    deadline = time.monotonic() + 10
    while (answer := running.post("/v1/events", b" " * 200_000)).status != 503:
        assert time.monotonic() < deadline

    assert (answer.json()["reason"], answer.headers["retry-after"]) == ("in_flight_bytes", "2")
    assert running.send(event()).status == 200
    slow.close()
    while running.post("/v1/events", b" " * 900_000).status != 400:
        assert time.monotonic() < deadline


def test_an_inflated_body_counts_against_the_budget(run_collector: Callable[..., Running]) -> None:
    running = run_collector(in_flight_bytes=2**20)
    body = b'{"events":[]}' + b" " * 2**21

    assert running.post("/v1/events", body, packed=True).status == 503
    assert running.post("/v1/events", body[: 2**19], packed=True).status == 200


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (StorageError("the events could not be stored: disk I/O error"), "storage"),
        (Overloaded("disk_full", "the disk is full; send it again later", 5), "disk_full"),
        (RuntimeError("secret detail"), "internal"),
    ],
)
def test_a_failure_behind_the_gate_is_503_and_nothing_is_acknowledged(
    running_collector: Running,
    event: EventMaker,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    reason: str,
) -> None:
    async def submit(_admitted: Admitted, *, received: int) -> Verdict:
        raise failure

    monkeypatch.setattr(running_collector.collector.writer, "submit", submit)
    answer = running_collector.send(event())

    assert (answer.status, answer.json()["reason"]) == (503, reason)
    assert int(answer.headers["retry-after"]) > 0
    assert "secret" not in answer.body.decode()
    assert running_collector.collector.refusals[reason] == 1


def test_refusals_are_counted_by_reason(running_collector: Running) -> None:
    running_collector.post("/v1/events", b"x")
    running_collector.post("/v1/events", b"x")
    running_collector.post("/v1/events", b"", "text/plain")
    running_collector.post("/v1/logs", b"\xff", PROTOBUF)

    assert running_collector.collector.refusals == {
        "malformed_json": 2,
        "media_type": 1,
        "malformed_protobuf": 1,
    }


def test_only_events_that_no_repeat_can_bring_are_refused_for_good(
    running_collector: Running, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, lost = running_collector, running_collector.collector.refused_for_good
    running.post("/v1/events", b"x")
    running.post("/v1/events", b"", "text/plain")
    running.post("/v1/logs", b"\xff", PROTOBUF)
    running.raw(head(Content_Length=str(2**62)))
    running.request("POST", "/v1/logs", headers={"Host": "evil.example", "Content-Type": JSON})
    wanted = {
        "malformed_json": 1, "media_type": 1, "malformed_protobuf": 1, "too_large": 1,
        "unknown_host": 1,
    }  # fmt: skip
    assert lost == wanted

    # No events, or nothing to lose: another signal, a question, and what was taken.
    running.post("/v1/traces", b"\xff", PROTOBUF)
    running.post("/v1/metrics", b'{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}')
    running.post("/api/v1/quarantine/replay", b"", "text/plain")
    running.request("GET", "/v1/events", headers={"Host": "evil.example"})
    running.send(event())
    # A sender who is told to come again does so.
    monkeypatch.setattr(running.collector, "room", _no_room)
    assert running.send(event()).status == 503
    assert lost == wanted


def _no_room() -> None:
    raise Overloaded("overload", "5 events wait to be stored; send it again later", 7)


def test_an_absurd_announcement_does_not_drown_the_refused_bytes(
    running_collector: Running,
) -> None:
    running_collector.raw(head(Content_Length=str(2**62)))
    assert running_collector.collector.refused_bytes == {"too_large": 2**30}


def test_refused_bytes_are_counted_as_announced_or_as_far_as_they_were_read(
    running_collector: Running,
) -> None:
    spaces = b" " * 100_000
    packed = len(gzip.compress(spaces, 1))
    running_collector.post("/v1/events", b"x" * 70)
    running_collector.post("/v1/events", b"x" * 30)
    running_collector.post("/v1/events", b"x" * 11, "text/plain")
    running_collector.post("/v1/events", spaces, packed=True)
    running_collector.post("/v1/events", b" " * 2**23)
    running_collector.raw(head(Transfer_Encoding="chunked") + b"5\r\n[true\r\n0\r\n\r\n")
    running_collector.request("GET", "/healthz", headers={"Host": "evil.example"})

    assert packed < 1000
    assert running_collector.collector.refused_bytes == {
        "malformed_json": 100 + packed + 5,
        "media_type": 11,
        "too_large": 2**23,
        "unknown_host": 0,
    }
    assert running_collector.collector.refusals.keys() == (
        running_collector.collector.refused_bytes.keys()
    )


def test_refused_bytes_stand_beside_the_refused_requests(running_collector: Running) -> None:
    running_collector.post("/v1/traces", b'{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}')
    running_collector.post("/v1/events", b"x" * 70)
    wanted = {"malformed_json": 70, "other_signal": 51}
    deadline = time.monotonic() + 20

    def shown() -> dict[str, int]:
        page = running_collector.request("GET", "/metrics").body.decode()
        found = re.findall(r'\nloopgauge_refused_bytes_total{reason="(\w+)"} (\d+)', page)
        return {reason: int(size) for reason, size in found}

    while shown() != wanted:
        assert time.monotonic() < deadline, shown()
        time.sleep(0.05)
    assert running_collector.get("/api/v1/status")["pipeline"]["refused_bytes"] == wanted


def test_limits_are_settings(run_collector: Callable[..., Running], event: EventMaker) -> None:
    running = run_collector(
        json_max_events=2, json_max_bytes=4096, attributes_max=1, max_bytes=9000
    )

    assert running.send(event(), event()).json()["accepted"] == 2
    too_many = running.send(event(), event(), event())
    assert (too_many.status, "2 events" in too_many.json()["detail"]) == (413, True)
    assert running.post("/v1/events", b" " * 4097).status == 413
    assert running.post("/v1/events", b" " * 9001, packed=True).status == 413
    two = event(name="a.b", attributes={"a": 1, "b": 2})
    assert running.send(two).json()["quarantined"][0]["reason"] == "too_many_attributes"


def test_settings_have_the_documented_limits(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path})

    assert json.loads(
        settings.model_dump_json(include={"json_max_events", "json_max_bytes", "max_bytes"})
    ) == {
        "json_max_events": 1000,
        "json_max_bytes": 5 * 2**20,
        "max_bytes": 20 * 2**20,
    }
