"""``POST /api/v1/sql``: one SELECT inside the collector, because nobody else can open the file."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from loopgauge_collector.errors import Refused
from loopgauge_collector.web.answers import (
    answer,
    from_refused,
    only,
    read_json,
    refusal,
    require_loopback,
)

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector


def router(collector: "Collector") -> APIRouter:
    """The one route; on loopback only, until there are keys with a scope."""
    routes = APIRouter(prefix="/api/v1")

    @routes.post("/sql")
    async def sql(request: Request) -> JSONResponse:
        require_loopback(request)
        only(request)
        query = _query(await read_json(request))
        try:
            result = await run_in_threadpool(collector.sql, query)
        except Refused as error:
            raise from_refused(error) from None
        return answer(
            {
                "columns": list(result.columns),
                "rows": [[cell(value) for value in row] for row in result.rows],
                "truncated": result.truncated,
            }
        )

    return routes


def _query(body: dict[str, Any]) -> str:
    query = body.get("query")
    if not isinstance(query, str) or not query.strip() or set(body) != {"query"}:
        raise refusal(400, 'send {"query": "select …"} and nothing else')
    try:
        query.encode()
    except UnicodeEncodeError:
        raise refusal(400, "the query holds half a character (a lone surrogate)") from None
    return query


def cell(value: object) -> Any:
    """A value of DuckDB as JSON's own types; exact numbers that JSON lacks become text."""
    match value:
        case None | bool() | str():
            return value
        case int():
            # Readers of JSON take numbers as doubles; beyond this they would change silently.
            return value if abs(value) <= 2**53 else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case dict():
            return {str(key): cell(one) for key, one in value.items()}
        case list() | tuple():
            return [cell(one) for one in value]
        case _:
            return str(value)
