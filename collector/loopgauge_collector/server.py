"""The process: takes the port, runs the collector and the HTTP server, ends in order.

    port taken -> store opened -> serving -> SIGTERM or SIGINT: no new connections,
    requests answered, events committed and folded, file closed

SIGHUP reads the catalog files again. A bad file is logged and changes nothing.
"""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import uvicorn
import uvloop
from loopgauge_catalog.errors import CatalogError

from loopgauge_collector.app import create_app
from loopgauge_collector.collector import Collector
from loopgauge_collector.errors import StartError
from loopgauge_collector.settings import Settings

log = logging.getLogger(__name__)

#: Seconds that requests in flight may take after SIGTERM.
DRAIN_SECONDS = 10


def serve(
    settings: Settings,
    catalog_paths: Sequence[Path] | None = None,
    announce: Callable[[str], None] = lambda _url: None,
) -> None:
    """Run the collector until a signal ends it.

    Args:
        settings: limits, paths and the address.
        catalog_paths: catalog files or folders; None means the shipped samples.
        announce: called with the base URL once requests are answered.

    Raises:
        StartError: the address cannot be used or the store cannot be opened.
        CatalogError: the catalog has errors.
    """
    check_exposure(settings)
    # An evaluation computes for tens of milliseconds; who answers requests must not wait as long.
    sys.setswitchinterval(0.001)
    with listening_socket(settings.host, settings.port) as listener:
        collector = Collector(settings, catalog_paths)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(collector, listener, announce))


def check_exposure(settings: Settings) -> None:
    """Nobody is asked for a key yet, so only this machine may reach us unless told otherwise.

    Raises:
        StartError: the host is not loopback and that was not allowed.
    """
    if is_loopback(settings.host):
        return
    if not settings.allow_unauthenticated:
        raise StartError(
            f"{settings.host} is not loopback, and nobody would be asked for a key: whoever "
            "reaches it could send events and read every number. Listen on 127.0.0.1, or say "
            "--allow-unauthenticated if the network around it is trusted"
        )
    log.warning(
        "listening on %s without asking for a key: whoever reaches it can send and read",
        settings.host,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.contextmanager
def listening_socket(host: str, port: int) -> Iterator[socket.socket]:
    """The socket, bound before anything else is touched.

    It does not listen yet: whoever connects before we can answer is refused, and not
    left waiting.

    Raises:
        StartError: the port is taken, or the host is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise StartError(f"{host!r} is no address: {error.strerror}; see --host") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    with listener:
        yield listener


def _cannot_listen(host: str, port: int, error: OSError) -> StartError:
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"port {port} on {host} is taken, perhaps by another collector or an "
            f"OpenTelemetry Collector; stop that one, or choose another with --port"
        )
    return StartError(f"cannot listen on {host} port {port}: {error.strerror}; see --host, --port")


def base_url(listener: socket.socket) -> str:
    """Where to look: the address as a browser on this machine would write it."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _run(
    collector: Collector, listener: socket.socket, announce: Callable[[str], None]
) -> None:
    config = uvicorn.Config(
        create_app(collector),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Who we are talking to decides what is answered; a header must not change it.
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    host, port = listener.getsockname()[:2]
    await collector.start()
    try:
        server = _Server(config, collector, lambda: announce(base_url(listener)))
        await server.serve(sockets=[listener])
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    finally:
        await collector.stop()
        log.info("stopped; everything that was acknowledged is stored")


class _Server(uvicorn.Server):
    """uvicorn, with signals of our own: an orderly end is exit code 0."""

    def __init__(
        self, config: uvicorn.Config, collector: Collector, announce: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._collector = collector
        self._announce = announce
        self._reloading: asyncio.Task[None] | None = None
        self._reload_wanted = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while serving; called on the event loop."""
        loop = asyncio.get_running_loop()
        handlers: dict[signal.Signals, Callable[[], None]] = {
            signal.SIGTERM: self._ask_to_end,
            signal.SIGINT: self._ask_to_end,
            signal.SIGHUP: self._ask_to_reload,
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _ask_to_end(self) -> None:
        if self.should_exit:
            log.warning("asked again to end: open requests are cut off")
            self.force_exit = True
        else:
            log.info("ending: open requests are answered, then everything is stored")
            self.should_exit = True

    def _ask_to_reload(self) -> None:
        self._reload_wanted = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._reload())

    async def _reload(self) -> None:
        """One reload at a time; a hundred SIGHUPs meanwhile are one more."""
        while self._reload_wanted:
            self._reload_wanted = False
            await reload_catalog(self._collector)


async def reload_catalog(collector: Collector) -> None:
    """Read the catalog files again; what is wrong is logged, and the old catalog stays."""
    try:
        said = await collector.reload()
    except CatalogError as error:
        problems = error.problems
    except Exception:
        log.exception("catalog: could not be read again; the old one stays")
        return
    else:
        log.info("catalog: %s", said)
        return
    for problem in problems:
        log.error("catalog: %s", problem)
    log.error("catalog: the old one stays; `loopgauge check` shows the same problems")
