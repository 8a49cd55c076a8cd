"""Checks of what a catalog declares about its events."""

from collections.abc import Iterator

from loopgauge_catalog.builtin import BUILT_IN
from loopgauge_catalog.catalog import Attribute, ProductCatalog
from loopgauge_catalog.checks.base import Finding
from loopgauge_catalog.errors import Path
from loopgauge_catalog.filters import Scalar
from loopgauge_catalog.quantities import UNITS

#: Attributes that name a person, by OpenTelemetry's conventions.
_PERSONAL = frozenset(
    {"user.id", "user.email", "user.name", "user.full_name", "user.hash", "enduser.id",
     "client.address"}
)  # fmt: skip


def attributes(product: ProductCatalog) -> Iterator[tuple[Path, str, Attribute]]:
    """Every declared attribute with its path."""
    for event_name, event in product.events.items():
        for name, attribute in event.attributes.items():
            yield ("events", event_name, "attributes", name), name, attribute


def fits(attribute: Attribute, value: Scalar) -> bool:
    """Whether an event can carry this value under the attribute."""
    match attribute.type:
        case "string":
            right = isinstance(value, str)
        case "boolean":
            right = isinstance(value, bool)
        case "integer":
            right = isinstance(value, int) and not isinstance(value, bool)
        case "number":
            right = isinstance(value, int | float) and not isinstance(value, bool)
        case "money":
            return False  # a decimal text or micro-units; equality of money says nothing
    if not right or isinstance(value, str | bool):
        return right
    low, high = attribute.minimum, attribute.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def check_allowed(product: ProductCatalog) -> Iterator[Finding]:
    """Allowed values that admission would refuse for another reason."""
    for path, name, attribute in attributes(product):
        for number, value in enumerate(attribute.allowed or ()):
            here = (*path, "allowed", number)
            if attribute.type == "money":
                yield Finding(here, f"{name} is money, which has no list of values", "delete it")
                break
            if not fits(attribute, value):
                yield Finding(
                    here,
                    f"{name} can never be {value!r}: it is {described(attribute)}",
                    "write a value of that type, or change the type",
                )


def described(attribute: Attribute) -> str:
    """The attribute's type and range, in words."""
    text = f"of type {attribute.type}"
    if attribute.minimum is not None:
        text += f", at least {attribute.minimum}"
    if attribute.maximum is not None:
        text += f", at most {attribute.maximum}"
    return text


def check_bounds(product: ProductCatalog) -> Iterator[Finding]:
    """Minimum and maximum of what is no number, or the wrong way round."""
    for path, name, attribute in attributes(product):
        given = [field for field in ("minimum", "maximum") if getattr(attribute, field) is not None]
        if given and not attribute.is_numeric:
            yield Finding(
                (*path, given[0]),
                f"{name} is of type {attribute.type}, which has no {given[0]}",
                "write type: number or type: integer, or delete it",
            )
        elif len(given) == 2 and attribute.minimum > attribute.maximum:  # type: ignore[operator]
            yield Finding(
                (*path, "maximum"),
                f"{name} has a maximum below its minimum, so no event could be accepted",
                "swap them",
            )


def check_units(product: ProductCatalog) -> Iterator[Finding]:
    """A unit on what is no number, and money without a currency."""
    currencies = [unit for unit, (dimension, _, _) in UNITS.items() if dimension == "money"]
    for path, name, attribute in attributes(product):
        if attribute.type == "money" and attribute.unit not in currencies:
            yield Finding(
                (*path, "unit"),
                f"{name} is money without a currency",
                f"write unit: {' or unit: '.join(currencies)}",
            )
        elif attribute.type != "money" and attribute.unit in currencies:
            yield Finding(
                (*path, "type"),
                f"{name} has a currency but is no money, and a float loses cents",
                "write type: money",
            )
        elif attribute.unit != "1" and not attribute.is_numeric:
            yield Finding(
                (*path, "unit"),
                f"{name} has the unit {attribute.unit} but is of type {attribute.type}",
                "write type: number",
            )


def check_share_bounds(product: ProductCatalog) -> Iterator[Finding]:
    """A share that may be far above 1, so that 87 would pass for 0.87."""
    for path, name, attribute in attributes(product):
        if attribute.unit != "share" or (attribute.maximum is not None and attribute.maximum < 2):
            continue
        field, may, hint = (
            ("unit", "has no maximum", "add minimum: 0, maximum: 1")
            if attribute.maximum is None
            else ("maximum", f"may be {attribute.maximum}", "write maximum: 1")
        )
        yield Finding(
            (*path, field),
            f"{name} is a share that {may}, so 87 instead of 0.87 would be believed",
            hint,
            severity="warning",
        )


def check_rhythm(product: ProductCatalog) -> Iterator[Finding]:
    """A rhythm for what comes in batches, whose silence is normal."""
    for name, event in product.events.items():
        if event.source == "batch" and event.expect is not None:
            yield Finding(
                ("events", name, "expect"),
                f"{name} comes in batches, so nobody expects it at any time",
                "delete expect and give its KPIs stale_after, or delete source: batch",
            )


def check_personal(product: ProductCatalog) -> Iterator[Finding]:
    """An attribute that names a person and is not marked."""
    for path, name, attribute in attributes(product):
        if name in _PERSONAL and not attribute.personal:
            yield Finding(
                path,
                f"{name} names a person and could be shown in a label or a log",
                "add personal: true",
                severity="warning",
            )


def check_reserved_attributes(product: ProductCatalog) -> Iterator[Finding]:
    """Attributes that the collector lifts out of the event."""
    for path, name, _ in attributes(product):
        if name.startswith("loopgauge."):
            yield Finding(
                path,
                f"{name} never reaches a KPI: the collector keeps it for itself",
                "delete it, or give it another name",
            )


def check_reserved_names(product: ProductCatalog) -> Iterator[Finding]:
    """An event that LoopGauge makes itself."""
    for name in product.events:
        if name.startswith("loop."):
            yield Finding(
                ("events", name),
                f"{name} is LoopGauge's own, as all that begins with loop.",
                "delete it; rows may read what is built in"
                if name in BUILT_IN
                else f"take another name; built in are {', '.join(BUILT_IN)}",
            )


CHECKS = (
    check_allowed,
    check_bounds,
    check_units,
    check_share_bounds,
    check_rhythm,
    check_personal,
    check_reserved_attributes,
    check_reserved_names,
)
