"""``/api/v1/quarantine``: what was not accepted, why, and what to do with it."""

import json
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from loopgauge_collector.admission.reasons import REASONS
from loopgauge_collector.admission.replay import incoming_of, replay
from loopgauge_collector.storage.quarantine import QuarantinedEvent
from loopgauge_collector.web.answers import (
    answer,
    only,
    read_json,
    refusal,
    require_loopback,
    shown,
)
from loopgauge_collector.web.presentation import instant

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector

_DEFAULT_LIMIT = 100
#: Events that one request lists, replays or drops.
MAX_EVENTS = 1000


def router(collector: "Collector") -> APIRouter:
    """The routes of the quarantine; on loopback only, for they show whole events."""
    routes = APIRouter(prefix="/api/v1/quarantine")
    quarantine = collector.quarantine

    @routes.get("")
    def list_events(request: Request) -> JSONResponse:
        require_loopback(request)
        only(request, "limit", "before", "reason", "product")
        given = request.query_params
        limit = _number("limit", given.get("limit"), MAX_EVENTS)
        events = quarantine.list(
            limit=_DEFAULT_LIMIT if limit is None else limit,
            reason=given.get("reason"),
            product=given.get("product"),
            before=_number("before", given.get("before")),
        )
        return answer({"events": [_listed(event) for event in events], "total": len(quarantine)})

    @routes.get("/{number}")
    def show_event(request: Request, number: str) -> JSONResponse:
        require_loopback(request)
        only(request)
        wanted = _number("the number", number)
        events = quarantine.get([wanted]) if wanted is not None else []
        if not events:
            raise refusal(404, f"there is no event {shown(number)} in quarantine")
        return answer(_whole(events[0]))

    @routes.post("/replay")
    async def replay_events(request: Request) -> JSONResponse:
        require_loopback(request)
        numbers = _numbers(await read_json(request))
        collector.room()
        result = await replay(collector, numbers)
        return answer(msgspec.to_builtins(result))

    @routes.post("/drop")
    async def drop_events(request: Request) -> JSONResponse:
        require_loopback(request)
        numbers = _numbers(await read_json(request))
        return answer({"dropped": await quarantine.drop(numbers)})

    return routes


def _listed(event: QuarantinedEvent) -> dict[str, Any]:
    return {
        "number": event.number,
        "received": instant(event.received),
        "product": event.product,
        "service": event.service,
        "name": event.name,
        "event_id": event.event_id,
        "reason": event.reason,
        "detail": event.detail,
    }


def _whole(event: QuarantinedEvent) -> dict[str, Any]:
    """Everything that is known, with the event as it was sent."""
    incoming = incoming_of(event)
    sent = {
        "id": incoming.id,
        "name": incoming.name,
        "time": incoming.time,
        "product": incoming.product,
        "service": incoming.service,
        "environment": incoming.environment,
        "producer": incoming.producer,
        "sequence": incoming.sequence,
        "attributes": _attributes(incoming.attributes),
    }
    return _listed(event) | {"means": REASONS.get(event.reason, ""), "payload": sent}


def _attributes(text: bytes) -> object:
    """The attributes as JSON, or as the text they are where they cannot be read."""
    try:
        return json.loads(text, parse_int=_exact, parse_float=_exact)
    except (ValueError, RecursionError):
        return text.decode(errors="replace")


def _exact(number: str) -> int | float | str:
    """A number, or its text where a reader of the answer could not hold it exactly."""
    value = float(number)
    if number.lstrip("-").isdecimal():
        return int(number) if abs(value) < 2**53 else number
    return value if abs(value) < float("inf") else number


def _number(name: str, text: str | None, greatest: int = 2**63 - 1) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= greatest:
        return int(text)
    raise refusal(400, f"{name}={shown(text)} must be a number from 1 to {greatest}")


def _numbers(body: dict[str, Any]) -> list[int]:
    """The events that a request names."""
    numbers = body.get("numbers")
    if set(body) != {"numbers"} or not isinstance(numbers, list) or not numbers:
        raise refusal(400, 'name the events, as {"numbers": [1, 2]}; GET lists them')
    if len(numbers) > MAX_EVENTS:
        raise refusal(413, f"{len(numbers)} events; the limit is {MAX_EVENTS} per request")
    if not all(type(number) is int and 0 < number < 2**63 for number in numbers):
        raise refusal(400, "numbers must be whole numbers, as the list shows them")
    return numbers
