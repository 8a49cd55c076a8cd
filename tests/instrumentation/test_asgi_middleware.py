"""The middleware under Starlette, FastAPI, and servers' ways of saying that a client left."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI
from loopgauge import Emitter
from loopgauge.asgi import LoopGaugeMiddleware
from loopgauge.testing import CapturedEvent, RecordingTransport, capture_events
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


@pytest.fixture
def events(emit: Emitter) -> Iterator[list[CapturedEvent]]:
    with capture_events(emit) as captured:
        yield captured


def get(app: App, path: str, method: str = "GET", root_path: str = "") -> int:
    """Ask an application over HTTP's own client, without a socket; the status."""

    async def ask() -> int:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.request(method, path)).status_code

    return asyncio.run(ask())


def facts(event: CapturedEvent) -> tuple[object, object, object]:
    """Route, method and status of an event whose duration is sound."""
    duration = event.attributes["duration"]
    assert event.name == "api.request"
    assert isinstance(duration, float)
    assert 0 <= duration < 60
    return (
        event.attributes["http.route"],
        event.attributes["http.request.method"],
        event.attributes["http.response.status_code"],
    )


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


def starlette_app(directory: str) -> Starlette:
    inner = Starlette(routes=[Route("/items/{item}", hello)])
    return Starlette(
        routes=[
            Route("/", hello),
            Route("/videos/{video_id:int}", hello),
            Mount("/static", StaticFiles(directory=directory)),
            Mount("/tenants/{tenant}", inner),
            Mount("/deep", routes=[Mount("/er", routes=[Route("/{leaf}", hello)])]),
            Mount("/years/{year:int}", routes=[Route("/{leaf}", hello)]),
        ]
    )


def fastapi_app(directory: str) -> FastAPI:
    router = APIRouter(prefix="/items")

    @router.get("/{item:int}")
    def item(item: int) -> int:
        return item

    middle = APIRouter()
    middle.include_router(router, prefix="/{shop}")
    inner = FastAPI()
    inner.include_router(router, prefix="/{shop}")
    app = FastAPI()

    @app.get("/videos/{video_id}")
    def video(video_id: int) -> int:
        return video_id

    app.include_router(middle, prefix="/v1")
    app.mount("/inner/{tenant}", inner)
    app.mount("/static", StaticFiles(directory=directory))
    return app


STARLETTE = [
    ("GET", "/", 200, "/"),
    ("GET", "/videos/7", 200, "/videos/{video_id}"),
    ("HEAD", "/videos/7", 200, "/videos/{video_id}"),
    ("POST", "/videos/7", 405, "/videos/{video_id}"),
    ("GET", "/videos/seven", 404, "__unmatched__"),
    ("GET", "/videos/7/", 307, "__unmatched__"),
    ("GET", "/nothing/ada@example.org", 404, "__unmatched__"),
    ("GET", "/static/page.txt", 200, "/static/{path}"),
    ("GET", "/static/ada@example.org", 404, "/static/{path}"),
    ("GET", "/tenants/acme/items/9", 200, "/tenants/{tenant}/items/{item}"),
    ("GET", "/tenants/acme/nothing", 404, "/tenants/{tenant}/{path}"),
    ("GET", "/deep/er/x", 200, "/deep/er/{leaf}"),
    ("GET", "/years/2026/x", 200, "/years/{year}/{leaf}"),
    # The number does not read 007 any more, so the mount is not known for sure.
    ("GET", "/years/007/x", 200, "__unmatched__"),
]
FASTAPI = [
    ("GET", "/videos/7", 200, "/videos/{video_id}"),
    ("GET", "/videos/seven", 422, "/videos/{video_id}"),
    ("DELETE", "/videos/7", 405, "/videos/{video_id}"),
    ("GET", "/v1/acme/items/9", 200, "/v1/{shop}/items/{item}"),
    ("GET", "/v1/acme/items/nine", 404, "__unmatched__"),
    ("GET", "/inner/acme/north/items/9", 200, "/inner/{tenant}/{shop}/items/{item}"),
    ("GET", "/inner/acme/nothing", 404, "/inner/{tenant}/{path}"),
    ("GET", "/static/page.txt", 200, "/static/{path}"),
    ("GET", "/docs", 200, "/docs"),
    ("GET", "/openapi.json", 200, "/openapi.json"),
    ("GET", "/nothing", 404, "__unmatched__"),
]


@pytest.mark.parametrize("place", ["inside", "around"])
@pytest.mark.parametrize(
    ("make", "method", "path", "status", "route"),
    [(starlette_app, *case) for case in STARLETTE] + [(fastapi_app, *case) for case in FASTAPI],
)
def test_the_route_is_the_template_and_never_the_path(
    place: str,
    make: Callable[[str], Starlette],
    method: str,
    path: str,
    status: int,
    route: str,
    emit: Emitter,
    events: list[CapturedEvent],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.getbasetemp()
    (directory / "page.txt").write_text("page")
    inner = make(str(directory))
    app: App = inner
    if place == "inside":
        inner.add_middleware(LoopGaugeMiddleware, emitter=emit)
    else:
        app = LoopGaugeMiddleware(inner, emitter=emit)

    assert get(app, path, method) == status

    (event,) = events
    assert facts(event) == (route, method, status)


def test_the_servers_root_path_is_part_of_the_route(
    emit: Emitter, events: list[CapturedEvent], tmp_path: object
) -> None:
    app = LoopGaugeMiddleware(starlette_app(str(tmp_path)), emitter=emit)
    assert get(app, "/proxy/videos/7", root_path="/proxy") == 200
    assert get(app, "/proxy/tenants/acme/items/9", root_path="/proxy") == 200
    assert [event.attributes["http.route"] for event in events] == [
        "/proxy/videos/{video_id}",
        "/proxy/tenants/{tenant}/items/{item}",
    ]


def test_a_method_that_nobody_knows_is_no_label_of_its_own(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    app = LoopGaugeMiddleware(Starlette(routes=[Route("/", hello)]), emitter=emit)
    get(app, "/", "BREW")
    assert events[0].attributes["http.request.method"] == "_OTHER"


class Broken(Exception):
    pass


@pytest.mark.parametrize("begun", [False, True])
def test_an_exception_counts_as_500_and_passes_unchanged(
    begun: bool, emit: Emitter, events: list[CapturedEvent]
) -> None:
    error = Broken()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    with pytest.raises(Broken) as raised:
        serve(LoopGaugeMiddleware(app, emitter=emit))
    assert raised.value is error
    (event,) = events
    assert facts(event) == ("__unmatched__", "GET", 500)
    assert event.attributes["error.type"] == f"{__name__}.Broken"


def test_an_application_that_never_answers_counts_as_500(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        return

    serve(LoopGaugeMiddleware(app, emitter=emit))
    assert facts(events[0])[2] == 500


def test_the_duration_ends_with_the_answer_and_a_failing_background_task_is_no_failure(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    def fail() -> None:
        assert len(events) == 1  # the event is there before the task begins
        raise Broken

    async def answer(request: Request) -> Response:
        return PlainTextResponse("done", background=BackgroundTask(fail))

    app = LoopGaugeMiddleware(Starlette(routes=[Route("/", answer)]), emitter=emit)
    with pytest.raises(Broken):
        serve(app)
    assert [facts(event) for event in events] == [("/", "GET", 200)]


def test_a_stream_is_measured_to_its_end(emit: Emitter, events: list[CapturedEvent]) -> None:
    async def answer(request: Request) -> Response:
        async def parts() -> Any:
            for _ in range(3):
                assert not events
                yield b"part"

        return StreamingResponse(parts())

    app = LoopGaugeMiddleware(Starlette(routes=[Route("/", answer)]), emitter=emit)
    assert get(app, "/") == 200
    assert len(events) == 1


LEFT: Message = {"type": "http.disconnect"}
BODY: Message = {"type": "http.request", "body": b"", "more_body": True}


def serve(app: App, *incoming: Message, gone: bool = False) -> list[Message]:
    """Run one request as a server does; `gone`: sending fails as the client is not there."""
    sent: list[Message] = []
    waiting = [*incoming, {"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else LEFT

    async def send(message: Message) -> None:
        if gone:
            raise OSError("client disconnected")
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "root_path": "",
        "headers": [],
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]  # a coroutine, as ASGI says
    return sent


def test_a_client_that_leaves_while_its_body_is_read_counts_as_499(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    from starlette.requests import ClientDisconnect

    async def answer(request: Request) -> Response:
        await request.body()
        raise AssertionError("never comes here")

    app = LoopGaugeMiddleware(Starlette(routes=[Route("/", answer)]), emitter=emit)
    with pytest.raises(ClientDisconnect):
        serve(app, BODY, LEFT)
    assert facts(events[0]) == ("/", "GET", 499)
    assert "error.type" not in events[0].attributes


def test_an_answer_that_nobody_waits_for_counts_as_499(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    async def answer(request: Request) -> Response:
        assert await request.is_disconnected()
        return PlainTextResponse("too late")

    app = LoopGaugeMiddleware(Starlette(routes=[Route("/", answer)]), emitter=emit)
    serve(app, LEFT)
    assert facts(events[0]) == ("/", "GET", 499)


def test_a_server_that_cannot_send_the_answer_counts_as_499(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    with pytest.raises(OSError, match="client disconnected"):
        serve(LoopGaugeMiddleware(app, emitter=emit), gone=True)
    assert facts(events[0])[2] == 499


def test_a_request_that_the_server_cancels_counts_as_499(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        serve(LoopGaugeMiddleware(app, emitter=emit))
    assert facts(events[0])[2] == 499


def test_a_client_that_leaves_during_the_answer_keeps_the_answers_status(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert await receive() == LEFT

    serve(LoopGaugeMiddleware(app, emitter=emit), LEFT)
    assert facts(events[0])[2] == 200


def test_websockets_and_lifespan_pass_through(emit: Emitter, events: list[CapturedEvent]) -> None:
    seen: list[tuple[object, object, object]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        return

    for kind in ("websocket", "lifespan"):
        scope: MutableMapping[str, Any] = {"type": kind}
        asyncio.run(LoopGaugeMiddleware(app, emitter=emit)(scope, receive, send))
        assert seen.pop() == (scope, receive, send)
    assert events == []


def test_a_scope_that_nobody_expected_does_not_disturb_the_answer(
    emit: Emitter, events: list[CapturedEvent], hidden_faults: None
) -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        scope["route"] = object()
        scope["fastapi"] = None
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    sent = serve(LoopGaugeMiddleware(app, emitter=emit))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert facts(events[0]) == ("__unmatched__", "GET", 200)


@contextmanager
def running(app: App) -> Iterator[int]:
    """A real uvicorn; the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def test_under_a_real_server_requests_and_aborted_requests_are_told_apart(
    make_emitter: Callable[..., Emitter],
) -> None:
    left = threading.Event()

    async def wait(request: Request) -> Response:
        message = await request.receive()
        while message["type"] != "http.disconnect":
            message = await request.receive()
        left.set()
        return PlainTextResponse("too late")

    transport = RecordingTransport()
    emit = make_emitter(transport=transport)
    app = Starlette(routes=[Route("/wait/{who}", wait), Route("/videos/{video}", hello)])
    app.add_middleware(LoopGaugeMiddleware, emitter=emit)
    with running(app) as port:
        assert httpx.get(f"http://127.0.0.1:{port}/videos/7").status_code == 200
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /wait/ada HTTP/1.1\r\nHost: test\r\n\r\n")
        assert left.wait(20)
    assert emit.flush()
    assert [facts(event) for event in transport.events] == [
        ("/videos/{video}", "GET", 200),
        ("/wait/{who}", "GET", 499),
    ]
