"""Where the collector listens: loopback unless told otherwise, and never on a taken port."""

import logging
import socket
from pathlib import Path

import pytest
from loopgauge_collector.errors import StartError
from loopgauge_collector.server import base_url, check_exposure, is_loopback, listening_socket
from loopgauge_collector.settings import Settings


def _settings(host: str, *, allowed: bool = False) -> Settings:
    return Settings.model_validate({"host": host, "allow_unauthenticated": allowed})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_needs_no_permission(host: str) -> None:
    assert is_loopback(host)
    check_exposure(_settings(host))


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.0.2.1", "example.invalid", "localhost.example.invalid", ""]
)
def test_anything_else_does(host: str) -> None:
    with pytest.raises(StartError, match="--allow-unauthenticated"):
        check_exposure(_settings(host))


def test_permission_is_given_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check_exposure(_settings("0.0.0.0", allowed=True))

    assert "listening on 0.0.0.0 without asking for a key" in caplog.text


def test_a_taken_port_is_named_with_the_option_that_helps() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with (
            pytest.raises(StartError, match=f"port {port} on 127.0.0.1 is taken.*--port"),
            listening_socket("127.0.0.1", port),
        ):
            pytest.fail("it was given a taken port")


@pytest.mark.parametrize("host", ["192.0.2.1", "example.invalid"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(StartError, match="--host"), listening_socket(host, 0):
        pytest.fail("it was given a foreign address")


def test_nobody_can_connect_before_we_can_answer() -> None:
    with (
        listening_socket("127.0.0.1", 0) as listener,
        socket.socket() as early,
        pytest.raises(ConnectionRefusedError),
    ):
        early.connect(listener.getsockname())


def test_port_0_picks_a_free_one_and_the_url_says_which() -> None:
    with listening_socket("127.0.0.1", 0) as listener:
        assert base_url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_url_of_every_address_is_one_that_a_browser_can_open() -> None:
    with listening_socket("0.0.0.0", 0) as listener:
        assert base_url(listener).startswith("http://127.0.0.1:")


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
def test_the_url_of_ipv6_has_brackets() -> None:
    with listening_socket("::1", 0) as listener:
        assert base_url(listener).startswith("http://[::1]:")
