"""Why an event goes to quarantine: every reason code with the sentence that explains it.

`docs/quarantine.md` says for each what to do; a test keeps the two alike.
"""

REASONS: dict[str, str] = {
    "missing_id": "The event has no id, so a repeat could not be told from a second event.",
    "invalid_id": "The id is no UUID, or the nil or the max UUID.",
    "invalid_name": "The name is missing, not noun.verb in lower case, or the collector's own.",
    "invalid_time": "The time is missing, has no zone, or is no moment of the calendar.",
    "in_future": "The event is further ahead of the collector's clock than is allowed.",
    "too_old": "The event is older than events are kept.",
    "invalid_source": "Product, service or environment is too long or has other characters.",
    "invalid_producer": "The producer's id or its sequence number is not what it has to be.",
    "event_too_large": "The event has more bytes than one event may have.",
    "too_many_attributes": "The event has more attributes than one event may have.",
    "invalid_attribute_name": "An attribute's name is empty, too long or has control characters.",
    "attribute_too_long": "The text of an attribute has more characters than it may have.",
    "nested_attribute": "An attribute is a list or an object; attributes are flat.",
    "duplicate_key": "A key stands twice in one object, so nobody can say which value is meant.",
    "nul_character": "A text holds the character NUL.",
    "number_out_of_range": "A number is beyond what is counted exactly.",
    "not_finite": "A number is NaN or infinite.",
    "wrong_type": "A field or a declared attribute has another type than it has to have.",
    "missing_attribute": "An attribute that the catalog requires is missing.",
    "not_allowed": "The value is none of those that the catalog allows.",
    "out_of_range": "The value is below the catalog's minimum or above its maximum.",
    "invalid_money": "An amount of money is neither a decimal text nor whole micro-units.",
    "invalid_currency": "The currency is no ISO 4217 code in capitals.",
    "id_conflict": "The id was stored before with another payload; the first one stays.",
}


class Fault(Exception):
    """One event cannot be stored; the rest of its batch can.

    Attributes:
        reason: code, a key of `REASONS`.
        detail: what is wrong and what would be right.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def shown(text: str, limit: int = 64) -> str:
    """What a sender wrote, quoted, in printable ASCII and cut, for a message."""
    return ascii(text if len(text) <= limit else f"{text[:limit]}…")
