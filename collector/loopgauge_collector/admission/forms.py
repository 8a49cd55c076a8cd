"""Reading good attributes in one go: a msgspec struct made for one event name.

It names every attribute that the catalog declares and every other one that good events
of the name had before, so that decoding the text is the whole check. What it does not
take is examined one by one, and teaches it the names that turn out to be good.
"""

import sys
from collections.abc import Callable, Iterable

import msgspec

from loopgauge_collector.admission.attributes import Attributes, JsonScalar, is_name
from loopgauge_collector.admission.declared import Declared, Field

#: Attributes of one struct; a name whose events have more is read without one.
_MOST = 100
#: Attribute names that were found good, for events without a struct.
_NAMES_KEPT = 8192
#: What a struct's field cannot be called. Text with escapes is never read here anyway.
_UNFIT = frozenset('"\\')

_decode_any = msgspec.json.Decoder(dict[str, JsonScalar]).decode
_names: set[str] = set()


class Form:
    """Reads the attributes of one event name.

    Args:
        declared: what the catalog says; None for a name that it does not know.

    Attributes:
        read: makes an object of the text of good attributes, with each of them once, or
            raises `msgspec.DecodeError` or `Fault`. The text has no escapes; whether a key
            stands twice is left to the caller.
        most: attributes that a text it reads can have, at most.
    """

    def __init__(self, declared: Declared | None) -> None:
        self._declared = declared
        self._fields: dict[str, Field] | None = None
        self.read: Callable[[str], object] = self._read_any
        self.most = sys.maxsize
        if declared is not None and (fields := declared.fields()) is not None:
            self._set(fields)

    def learn(self, names: Iterable[str]) -> None:
        """Remember the names of attributes that were found good."""
        if self._fields is None:
            return
        new = [name for name in names if name not in self._fields and _UNFIT.isdisjoint(name)]
        if new:
            assert self._declared is not None
            self._set(self._fields | {name: self._declared.other_field(name) for name in new})

    def _set(self, fields: dict[str, Field]) -> None:
        if len(fields) <= _MOST:
            self._fields, self.most, self.read = fields, len(fields), self._read_first
        else:
            self._fields, self.most, self.read = None, sys.maxsize, self._read_any

    def _read_first(self, text: str) -> object:
        """Make the struct when it is needed: it takes as long as reading a thousand events."""
        if self.read == self._read_first:
            assert self._fields is not None
            self.read = msgspec.json.Decoder(_struct(self._fields)).decode
        return self.read(text)

    def _read_any(self, text: str) -> Attributes:
        attributes = _decode_any(text)
        if not attributes.keys() <= _names:
            if not all(map(is_name, attributes)):
                raise msgspec.ValidationError("a name is not well formed")
            if len(_names) >= _NAMES_KEPT:
                _names.clear()
            _names.update(attributes)
        if self._declared is not None:
            self._declared.check(attributes)
        return attributes


def _struct(fields: dict[str, Field]) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        "Good",
        [
            (f"a{number}", field.type, msgspec.field(name=name))
            if field.required
            else (
                f"a{number}",
                field.type | msgspec.UnsetType,
                msgspec.field(name=name, default=msgspec.UNSET),
            )
            for number, (name, field) in enumerate(fields.items())
        ],
        kw_only=True,
        gc=False,
        forbid_unknown_fields=True,
    )
