"""One `api.request` event for every HTTP request of an ASGI application.

The route is the template (`/videos/{video_id}`), never the path: paths hold ids, and
every id would be a series of its own. Nothing of a web framework is imported.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any, Final

from loopgauge._emitter import Emitter
from loopgauge._timed import type_name

__all__ = ["LoopGaugeMiddleware"]

_Scope = MutableMapping[str, Any]
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_Application = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

REQUEST_EVENT: Final = "api.request"
UNMATCHED: Final = "__unmatched__"
#: What the client's going away is counted as; nginx's number, so that it is no server error.
CLIENT_CLOSED: Final = 499

_METHODS: Final = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)


class LoopGaugeMiddleware:
    """Emits `api.request` with `http.route`, `http.request.method`, status and `duration`.

    `app.add_middleware(LoopGaugeMiddleware, emitter=emit)` in Starlette and FastAPI. The
    duration ends with the last byte that the application sends; background tasks do not
    count. An exception counts as status 500 and passes unchanged, with `error.type` in the
    event. A client that leaves before the answer begins counts as 499. Websockets are not
    measured.

    Args:
        app: the application.
        emitter: who sends the events.
    """

    def __init__(self, app: _Application, *, emitter: Emitter) -> None:
        self.app = app
        self._emitter = emitter

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Serve one request, connection or lifespan."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                # A server's worker process is forked by now, and may stay idle for long.
                self._emitter.start()
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(self._emitter, scope, receive, send)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.fail(error)
            raise
        exchange.end()


class _Exchange:
    """One request while it is served."""

    def __init__(self, emitter: Emitter, scope: _Scope, receive: _Receive, send: _Send) -> None:
        self._emitter = emitter
        self._scope = scope
        self._receive = receive
        self._send = send
        self._began = perf_counter()
        self._status: int | None = None
        self._client_left = False
        self._ended = False

    async def receive(self) -> _Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" and self._status is None:
            self._client_left = True
        return message

    async def send(self, message: _Message) -> None:
        kind = message["type"]
        if kind == "http.response.start" and not self._client_left:
            self._status = message["status"]
        try:
            await self._send(message)
        except OSError:
            # So servers say that nobody reads any more (ASGI specification 2.4).
            if kind == "http.response.start":
                self._client_left = True
            raise
        if (kind == "http.response.body" and not message.get("more_body", False)) or (
            kind == "http.response.pathsend"
        ):
            self.end()

    def fail(self, error: BaseException) -> None:
        """An exception left the application."""
        if self._client_left or not isinstance(error, Exception):
            # A cancelled task: the server has given the request up, as its client did.
            self._client_left = self._client_left or self._status is None
            self.end()
        else:
            self._status = 500
            self.end({"error.type": type_name(type(error))})

    def end(self, more: dict[str, str] | None = None) -> None:
        """Emit the event, once."""
        if self._ended:
            return
        self._ended = True
        duration = perf_counter() - self._began
        method = self._scope["method"]
        status = CLIENT_CLOSED if self._client_left else self._status
        try:
            route = route_template(self._scope)
        except Exception as error:  # noqa: BLE001 - of another framework
            self._emitter._notices.fault("route_template", error)
            route = UNMATCHED
        self._emitter.event(
            REQUEST_EVENT,
            {
                "http.route": route,
                "http.request.method": method if method in _METHODS else "_OTHER",
                # An application that never answers makes every server answer 500.
                "http.response.status_code": 500 if status is None else status,
                "duration": duration,
                **(more or {}),
            },
        )


def route_template(scope: _Scope) -> str:
    """The template that Starlette or FastAPI matched, with the root and the mounts before it.

    Routers note what they matched in the scope while they pass it on.
    """
    route = _matched(scope)
    mount = _mounted_at(scope, route)
    if mount is None:
        return UNMATCHED
    if route is not None and not hasattr(route, "routes"):
        template = getattr(route, "path_format", None)
        if isinstance(template, str):
            return mount + template
    # Nothing matched below a mount, or static files did: the mount is all that is known.
    return f"{mount}/{{path}}" if "app_root_path" in scope else UNMATCHED


def _matched(scope: _Scope) -> Any:
    """The route, or what else has its template and parameters; None without a match."""
    route = scope.get("route")
    if route is not None:
        # FastAPI keeps the prefixes of included routers beside the route.
        included = scope.get("fastapi", {}).get("effective_route_context")
        return included if getattr(included, "original_route", None) is route else route
    # FastAPI names no route for those that are not its own, such as /docs; find it again.
    endpoint = scope.get("endpoint")
    if endpoint is not None and "app_root_path" not in scope:
        for candidate in getattr(scope.get("router"), "routes", ()):
            if getattr(candidate, "endpoint", None) is endpoint:
                return candidate
    return None


def _mounted_at(scope: _Scope, route: Any) -> str | None:
    """The application's root and the mounts, their parameters written as {name}.

    None when a parameter cannot be found again: then the path could show through.
    """
    root: str = scope.get("root_path", "")
    if "app_root_path" not in scope:
        return root
    base: str = scope["app_root_path"]
    # A mount that is the last match has its parameters in the root path, like those above it.
    own = {} if hasattr(route, "routes") else getattr(route, "param_convertors", {})
    names = {
        str(value): name for name, value in scope.get("path_params", {}).items() if name not in own
    }
    parts = root.removeprefix(base).split("/")
    if not names.keys() <= set(parts):
        return None
    return base + "/".join(f"{{{names[part]}}}" if part in names else part for part in parts)
