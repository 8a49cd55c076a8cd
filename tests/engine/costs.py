"""Events about money and usage, and how a catalog declares them: silence is normal."""

from typing import Any

from tests.engine.harness import Event

COST_EVENTS: dict[str, Any] = {
    "cost.incurred": {
        "source": "batch",
        "attributes": {
            "provider": {}, "operation": {}, "model": {},
            "cost.quantity": {"type": "number"}, "cost.unit": {},
            "cost.amount": {"type": "money"}, "cost.currency": {}, "video.id": {},
        }
    },
    "video.completed": {"source": "batch", "attributes": {"video.id": {}}},
    "video.failed": {"source": "batch", "attributes": {"video.id": {}}},
}  # fmt: skip


def cost(
    at: int,
    amount: str | int | None = None,
    currency: str | None = "USD",
    quantity: float | None = None,
    unit: str | None = None,
    **attributes: Any,
) -> Event:
    """A line of a bill: an amount as decimal text or whole millionths, or a quantity."""
    said = {
        "provider": "openai", "operation": "write", "cost.amount": amount,
        "cost.currency": None if amount is None else currency,
        "cost.quantity": quantity, "cost.unit": unit, **attributes,
    }  # fmt: skip
    known = {name: value for name, value in said.items() if value is not None}
    return Event("cost.incurred", at, known)
