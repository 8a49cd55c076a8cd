"""Streams of a shop's events, and what its KPIs must be: counted by hand, from the list."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil, fsum
from typing import Any

Scalar = str | int | float | bool

SHOPS = ("berlin", "zürich", "大阪")
ROUTES = ("/orders", "/orders/{order_id}")


@dataclass(frozen=True)
class Happened:
    """One event, whoever sends it."""

    name: str
    time: datetime
    attributes: dict[str, Scalar]


def stream(seed: int, number: int) -> list[Happened]:
    """So many events of two hours, the newest a few seconds ago; no two at the same time."""
    dice = random.Random(seed)
    now = datetime.now(UTC)
    ages = sorted(dice.sample(range(1_000, 7_200_000), number - len(_MAKERS)), reverse=True)
    names = dice.choices(list(_MAKERS), weights=(5, 8, 1), k=len(ages)) + list(_MAKERS)
    # Each name comes at the end once more, so that every source is alive.
    ages += range(900, 900 - len(_MAKERS), -1)
    return [
        Happened(name, now - timedelta(milliseconds=age), _MAKERS[name](dice))
        for name, age in zip(names, ages, strict=True)
    ]


def _order(dice: random.Random) -> dict[str, Scalar]:
    cents = dice.randrange(1, 100_000)
    order: dict[str, Scalar] = {
        # Few ids, so that some orders are paid in parts.
        "order.id": f"order-{dice.randrange(150)}",
        "order.amount": f"{cents // 100}.{cents % 100:02}",
        "order.items": dice.randrange(1, 9),
        "order.gift": dice.random() < 0.2,
    }
    return order | ({"shop.id": dice.choice(SHOPS)} if dice.random() < 0.9 else {})


def _request(dice: random.Random) -> dict[str, Scalar]:
    return {
        "http.route": dice.choice(ROUTES),
        "http.response.status_code": dice.choices((200, 404, 500, 503), (90, 6, 3, 1))[0],
        "duration": dice.lognormvariate(-1, 1),
    }


def _count(dice: random.Random) -> dict[str, Scalar]:
    return {"shop.id": dice.choice(SHOPS), "stock.items": dice.randrange(1000)}


_MAKERS: dict[str, Callable[[random.Random], dict[str, Scalar]]] = {
    "order.paid": _order,
    "api.request": _request,
    "stock.counted": _count,
}


def tally(events: list[Happened]) -> dict[str, float]:
    """The value of each KPI of `shop.yaml`; the latency as the nearest rank has it."""
    orders = [event.attributes for event in events if event.name == "order.paid"]
    requests = [event.attributes for event in events if event.name == "api.request"]
    items = [int(order["order.items"]) for order in orders if not order["order.gift"]]
    failed = [one for one in requests if int(one["http.response.status_code"]) >= 500]
    durations = sorted(float(one["duration"]) for one in requests)
    stock: dict[Any, Any] = {
        event.attributes["shop.id"]: event.attributes["stock.items"]
        for event in sorted(events, key=lambda event: event.time)
        if event.name == "stock.counted"
    }
    return {
        "payments": len(orders),
        "paid_orders": len({order["order.id"] for order in orders}),
        "revenue": float(sum((Decimal(str(o["order.amount"])) for o in orders), Decimal(0))),
        "basket": fsum(items) / len(items),
        "errors": len(failed) / len(requests),
        "latency": durations[ceil(0.95 * len(durations)) - 1],
        "stock": sum(stock.values()),
    }
