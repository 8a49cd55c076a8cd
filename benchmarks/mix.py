"""A realistic mix of events, drawn from the shipped catalogs.

The names, attributes, units and allowed values are those that the catalogs declare, so
that the KPI rules have real work; the shares are those of busy services: many requests,
few deployments.
"""

import random
import uuid
from dataclasses import dataclass
from typing import Final

from loopgauge_catalog.catalog import Attribute, Catalog, ProductCatalog

Value = str | int | float | bool

#: Stands in an attribute's value until the event gets its id; twelve characters like it.
SUBJECT: Final = "@@SUBJECT@@@"
NAMES_PER_PRODUCT = 10
ATTRIBUTES = 6

#: How often the names of busy code paths come; every other name has weight 1.
WEIGHTS: dict[str, float] = {
    "api.request": 60,
    "page.loaded": 25,
    "api.call": 30,
    "cost.incurred": 25,
    "attribution.recorded": 20,
    "pipeline.stage_finished": 15,
    "analytics.viewed": 12,
    "analytics.queried": 12,
    "generation.started": 8,
    "generation.completed": 8,
    "quota.used": 8,
    "friction.detected": 4,
    "campaign.created": 3,
    "report.generated": 3,
}
#: What services add although no KPI asks for it.
USUAL: dict[str, tuple[Value, ...]] = {
    "http.request.method": ("GET", "POST", "PUT"),
    "client.version": ("2.14.0", "2.14.1", "2.15.0"),
    "region.name": ("eu-central", "us-east", "ap-south"),
    "user.plan": ("free", "starter", "pro", "team"),
    "device.type": ("desktop", "phone", "tablet"),
    "feature.enabled": (True, False),
}
#: The freshness measurement sends this one itself and has to recognise its own.
RESERVED = {"docs.coverage_reported"}
SELDOM_TRUE = {"page.bot", "page.hidden", "user.internal", "call.fallback", "call.cached"}
#: Label sets are things of the house (accounts, feeds), not subjects: there are few of them.
SETS = 15
ROUTES = tuple(f"/api/v1/{noun}" for noun in ("tracks", "users", "videos", "reports", "billing"))
STATUS = (200, 200, 200, 200, 200, 200, 201, 204, 304, 400, 404, 500)


@dataclass(frozen=True, slots=True)
class Shape:
    """An event without id, time and sequence; one attribute may be `SUBJECT`."""

    name: str
    attributes: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Sender:
    """One process of a service: what it sends, and its share of all requests."""

    product: str
    service: str
    producer: str
    share: float
    names: tuple[str, ...]
    weights: tuple[float, ...]
    catalog: ProductCatalog
    few: frozenset[str]

    def shape(self, rng: random.Random) -> Shape:
        """One event of this sender, drawn by weight."""
        name = rng.choices(self.names, self.weights)[0]
        attributes: dict[str, Value] = {}
        for key, declared in self.catalog.events[name].attributes.items():
            taken = SUBJECT in attributes.values()
            attributes[key] = (
                f"{key}-{rng.randrange(SETS)}"
                if key in self.few
                else _value(key, declared, rng, subject=not taken)
            )
        for key, usual in USUAL.items():
            if len(attributes) < ATTRIBUTES:
                attributes.setdefault(key, rng.choice(usual))
        if SUBJECT not in attributes.values():
            attributes["user.id"] = SUBJECT
        return Shape(name, attributes)


def senders(catalog: Catalog) -> list[Sender]:
    """Two services of each product, with the ten busiest names of each."""
    found: list[Sender] = []
    for product in catalog.products.values():
        declared = [name for name in product.events if name not in RESERVED]
        names = sorted(declared, key=lambda name: -WEIGHTS.get(name, 1))[:NAMES_PER_PRODUCT]
        weights = tuple(WEIGHTS.get(name, 1) for name in names)
        few = {key for kpi in catalog.kpis() for key in kpi.label_sets or () if key.endswith(".id")}
        found.extend(
            Sender(
                product=product.product,
                service=f"{product.product}-{role}",
                producer=str(uuid.uuid4()),
                share=sum(weights) * part,
                names=tuple(names),
                weights=weights,
                catalog=product,
                few=frozenset(few),
            )
            for role, part in (("api", 0.7), ("worker", 0.3))
        )
    return found


def _value(key: str, declared: Attribute, rng: random.Random, *, subject: bool) -> Value:
    if declared.allowed is not None:
        return rng.choice(declared.allowed)
    match declared.type:
        case "boolean":
            return rng.random() < (0.05 if key in SELDOM_TRUE else 0.9)
        case "integer":
            if key == "http.response.status_code":
                return rng.choice(STATUS)
            return int(_number(declared, rng))
        case "number":
            return _number(declared, rng)
        case "money":
            return f"{rng.lognormvariate(-3, 1):.6f}"
        case _:
            return _text(key, rng, subject=subject)


def _number(declared: Attribute, rng: random.Random) -> float:
    """Somewhere between the declared bounds; without them a long-tailed amount of the unit."""
    low = declared.minimum if declared.minimum is not None else 0
    high = declared.maximum
    if high is None and declared.unit == "share":
        high = 1
    if high is not None:
        return round(rng.uniform(low, high), 3)
    scale = {"ms": 1000.0, "us": 1e6}.get(declared.unit, 1.0)
    return round(low + scale * rng.lognormvariate(-2, 1), 4)


def _text(key: str, rng: random.Random, *, subject: bool) -> str:
    if key.endswith(".id"):
        return SUBJECT if subject else f"{key[:-3]}-{rng.randrange(5000)}"
    if key == "http.route":
        return rng.choice(ROUTES)
    if key in USUAL:
        return str(rng.choice(USUAL[key]))
    if key.endswith("currency"):
        return "USD"
    return f"{key.rpartition('.')[2]}-{rng.randrange(8)}"
