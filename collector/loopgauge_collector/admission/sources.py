"""Who sent an event and what the catalog says about it, looked up once per sender and name.

A few names make up all traffic, so the answer is kept: checking and resolving the
product costs one look into a dict per event.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from loopgauge_catalog.builtin import BATCH_EVENT
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.admission.declared import Declared
from loopgauge_collector.admission.forms import Form
from loopgauge_collector.admission.reasons import Fault, shown
from loopgauge_collector.events import IncomingColumns

#: Senders and names that are kept; a flood of new ones only makes them slower.
_KEPT = 10_000
_NAME_MAX = 128
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/@+-]{0,127}")

#: product, service, environment (and name) as the sender wrote them
Sender = tuple[str | None, str | None, str | None]
Key = tuple[str | None, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Origin:
    """A sender's events of one name.

    Attributes:
        product: empty when nobody claims them.
        declared: None for a name that the catalog does not know.
        form: reads their attributes.
    """

    product: str
    service: str
    environment: str | None
    name: str
    declared: Declared | None
    form: Form


class Origins:
    """Finds the origin of events, for one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._declared: dict[tuple[str, str], tuple[Declared, Form]] = {}
        self._undeclared = Form(None)
        self._known: dict[Sender, dict[str | None, Origin]] = {}
        self._count = 0

    def find(self, key: Key) -> Origin:
        """The origin, from the dict or checked anew.

        Raises:
            Fault: `invalid_source` or `invalid_name`.
        """
        sender, name = key[:3], key[3]
        origin = self._known.get(sender, {}).get(name)
        if origin is None:
            origin = self._checked(*key)
            if self._count >= _KEPT:
                self._known.clear()
                self._count = 0
            self._count += 1
            self._known.setdefault(sender, {})[name] = origin
        return origin

    def all_known(self, events: IncomingColumns) -> list[Origin] | None:
        """The origins of a batch that is not empty; None unless every one was found before."""
        senders = zip(events.product, events.service, events.environment, strict=True)
        try:
            if events.alike:
                return list(map(self._known[next(senders)].__getitem__, events.name))
            return [
                self._known[sender][name] for sender, name in zip(senders, events.name, strict=True)
            ]
        except KeyError:
            return None

    def owner(self, product: str | None, service: str | None) -> tuple[str, str]:
        """Product and service to count under; empty for what is missing or not well formed."""
        if service and not _SOURCE.fullmatch(service):
            service = None
        if product and not _SOURCE.fullmatch(product):
            return "", service or ""
        if not product and service:
            product = self._catalog.product_of(service)
        return product or "", service or ""

    def name(self, name: str | None) -> str:
        """A name to list an event under; empty when it is not well formed."""
        return name if name and len(name) <= _NAME_MAX and _NAME.fullmatch(name) else ""

    def _checked(
        self, product: str | None, service: str | None, environment: str | None, name: str | None
    ) -> Origin:
        for what, text in (
            ("product", product), ("service", service), ("environment", environment),
        ):  # fmt: skip
            if text and not _SOURCE.fullmatch(text):
                raise Fault(
                    "invalid_source",
                    f"the {what} {shown(text)} must have 1 to 128 characters: letters, digits, "
                    "blank and . _ : / @ + -, a letter or digit first",
                )
        if not name:
            raise Fault("invalid_name", "the event has no name; write one such as campaign.created")
        if not self.name(name):
            raise Fault(
                "invalid_name",
                f"the name {shown(name)} must be noun.verb: lower case letters, digits and _, "
                f"two or more words with dots between, at most {_NAME_MAX} characters",
            )
        if name == BATCH_EVENT:
            raise Fault(
                "invalid_name",
                f"{name} is what the collector says of itself; give the event another name",
            )
        owner, _ = self.owner(product, service)
        declared, form = self._declaration(owner, name)
        return Origin(owner, service or "", environment or None, name, declared, form)

    def _declaration(self, product: str, name: str) -> tuple[Declared | None, Form]:
        event = self._catalog.event(product, name)
        if event is None:
            return None, self._undeclared
        key = (product, name)
        if key not in self._declared:
            summed = {
                attribute
                for kpi in self._catalog.products[product].kpis()
                for attribute in kpi.values_of(name)
            }
            declared = Declared(name, event, summed)
            self._declared[key] = declared, Form(declared)
        return self._declared[key]


@lru_cache(maxsize=4)
def origins(catalog: Catalog) -> Origins:
    """The compiled form of a catalog; a new one is made when the catalog was read again."""
    return Origins(catalog)
