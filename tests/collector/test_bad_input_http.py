"""Rows 5 to 17 of the catalogue: what is wrong before anybody looks into the body."""

import http.client
import json
import socket
import time
from collections.abc import Callable

import pytest

from tests.collector.conftest import EventMaker, Probe
from tests.support.running import JSON, PROTOBUF, Running


def head(path: str = "/v1/events", **headers: str) -> bytes:
    """The head of a POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {JSON}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status_of(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


@pytest.mark.parametrize("path", ["/v1/events", "/v1/logs", "/v1/traces", "/v1/metrics"])
def test_a_get_where_events_are_sent_is_405_and_names_the_method(probe: Probe, path: str) -> None:
    answer = probe.running.request("GET", path)

    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    probe.sees()


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        PROTOBUF,
    ],
)
def test_another_media_type_is_415_and_says_which_one_is_read(
    probe: Probe, media_type: str | None
) -> None:
    body = json.dumps({"events": [probe.event()]}).encode()

    answer = probe.running.post("/v1/events", body, media_type)

    assert answer.status == 415
    assert JSON in answer.json()["detail"]
    probe.sees()


@pytest.mark.parametrize("charset", ["utf-16", "latin1", '"utf-32"'])
def test_another_charset_is_415(probe: Probe, charset: str) -> None:
    answer = probe.running.post("/v1/events", b"{}", f"application/json; charset={charset}")

    assert (answer.status, answer.json()["reason"]) == (415, "charset")
    probe.sees()


@pytest.mark.parametrize("form", ["application/json;charset=UTF-8", "Application/JSON; x=y"])
def test_a_charset_of_utf8_and_other_parameters_are_fine(probe: Probe, form: str) -> None:
    body = json.dumps({"events": [probe.event()]}).encode()

    assert probe.running.post("/v1/events", body, form).status == 200
    probe.sees(stored=1)


@pytest.mark.parametrize(
    ("path", "length"),
    [("/v1/events", 10**10), ("/v1/events", 5 * 2**20 + 1), ("/v1/logs", 20 * 2**20 + 1)],
)
def test_an_announced_body_beyond_the_limit_is_413_before_any_of_it_is_read(
    probe: Probe, path: str, length: int
) -> None:
    reply = probe.running.raw(head(path, Content_Length=str(length)))

    assert status_of(reply) == 413
    limit = 20 * 2**20 if path == "/v1/logs" else 5 * 2**20
    assert str(limit).encode() in reply
    assert b"connection: close" in reply.lower()
    probe.sees()


def test_a_chunked_body_without_end_is_413_at_the_limit(probe: Probe) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"

    reply = probe.running.raw(head(Transfer_Encoding="chunked") + chunk * 100)

    assert status_of(reply) == 413
    probe.sees()


def test_a_sender_of_a_large_body_can_read_its_413(probe: Probe) -> None:
    answer = probe.running.post("/v1/events", b" " * (8 * 2**20))

    assert (answer.status, answer.json()["reason"]) == (413, "too_large")
    probe.sees()


def test_a_body_that_stalls_is_408_in_time(run_collector: Callable[..., Running]) -> None:
    running = run_collector(receive_seconds=0.3)

    reply = running.raw(head(Content_Length="1000") + b"{", half_close=False)

    assert status_of(reply) == 408
    assert b"0.3 seconds" in reply
    assert running.collector.refusals["too_slow"] == 1


@pytest.mark.parametrize(
    "lines",
    [
        {"Content_Length": "2", "Transfer_Encoding": "chunked"},
        {"Content_Length": "-1"},
        {"Content_Length": "two"},
        {"X_Odd": "a\0b"},
    ],
)
def test_contradicting_and_broken_heads_are_400(probe: Probe, lines: dict[str, str]) -> None:
    assert status_of(probe.running.raw(head(**lines) + b"{}")) == 400
    probe.sees()


def test_a_header_that_must_be_single_and_is_not_is_400(probe: Probe) -> None:
    twice = head(Content_Length="2").replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n")

    assert status_of(probe.running.raw(twice + b"{}")) == 400
    probe.sees()


def test_a_client_that_closes_in_the_middle_stores_nothing(
    probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({"events": [probe.event()]}).encode()
    gone = probe.running.collector.refusals["client_gone"]
    with socket.create_connection(("127.0.0.1", probe.running.port)) as connection:
        connection.sendall(head(Content_Length=str(len(body))) + body[:-10])
    deadline = time.monotonic() + 10
    while probe.running.collector.refusals["client_gone"] == gone:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    probe.sees()
    assert not [record for record in caplog.records if record.exc_info]


def test_a_client_that_leaves_before_the_reply_is_stored_once(probe: Probe) -> None:
    body = json.dumps({"events": [probe.event()]}).encode()
    before = len(probe.running.stored())
    with socket.create_connection(("127.0.0.1", probe.running.port)) as connection:
        connection.sendall(head(Content_Length=str(len(body))) + body)
    deadline = time.monotonic() + 10
    while len(probe.running.stored()) == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    again = probe.running.post("/v1/events", body)

    assert again.json() == {"accepted": 0, "duplicates": 1, "quarantined": []}
    probe.sees(stored=1, duplicate=1)


def test_a_thousand_requests_over_one_connection_are_all_answered(
    probe: Probe, event: EventMaker
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", probe.running.port, timeout=20)
    statuses = []
    for number in range(1000):
        events = [event()] if number % 100 == 0 else []
        body = json.dumps({"events": events})
        connection.request("POST", "/v1/events", body, {"Content-Type": JSON})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()

    assert statuses == [200] * 1000
    probe.sees(stored=10)


def test_ten_thousand_pipelined_requests_are_all_answered(probe: Probe) -> None:
    body = b'{"events":[]}'
    request = head(Content_Length=str(len(body))) + body
    last = head(Content_Length=str(len(body)), Connection="close") + body

    with socket.create_connection(("127.0.0.1", probe.running.port), timeout=20) as connection:
        received = b""
        for _ in range(100):
            connection.sendall(request * 100)
            while received.count(b"HTTP/1.1 200") < 100 * (_ + 1):
                chunk = connection.recv(65536)
                assert chunk
                received += chunk
        connection.sendall(last)
        while chunk := connection.recv(65536):
            received += chunk

    assert received.count(b"HTTP/1.1 200 OK") == 10_001
    probe.sees()


@pytest.mark.parametrize("path", ["//v1/../admin", "/v1/%2e%2e/events", "/v1/events/", "/v1"])
def test_other_paths_are_404(probe: Probe, path: str) -> None:
    assert probe.running.request("GET", path).status == 404
    assert probe.running.post(path, b"{}").status == 404
    probe.sees()
