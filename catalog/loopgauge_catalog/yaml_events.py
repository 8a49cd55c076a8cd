"""Turns the YAML parser's events into plain data, and refuses what a catalog has no use for.

A stack instead of recursion, so that no nesting can end the process.
"""

import math
import re
from dataclasses import dataclass, field

import yaml

from loopgauge_catalog.errors import Path, Problem, shown

MAX_DEPTH = 20
MAX_VALUES = 50_000

#: Line and column, from 1.
Position = tuple[int, int]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
#: Longer than any number that a double or a 64-bit integer can hold.
_NUMBER_LENGTH = 40
_WORDS = {"true": True, "false": False, "null": None, "": None}
#: What neither YAML nor a terminal takes: controls, lone surrogates, noncharacters.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def _number(text: str) -> int | float | None:
    """A JSON number; None when it is too long, overflows, or would vanish to 0."""
    if len(text) > _NUMBER_LENGTH:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    number = float(text)
    mantissa = text.lower().partition("e")[0]
    if not math.isfinite(number) or (number == 0 and mantissa.strip("-0.")):
        return None
    return number


class TooMuch(Exception):
    """The file is deeper or longer than any catalog; its problem is already noted."""


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun and not ended."""

    path: Path
    into: dict[str, object] | list[object]
    key: str | None = None
    key_at: Position = (1, 1)


@dataclass(slots=True)
class Reader:
    """What has been read so far; `take` gets the events in order."""

    file: str
    root: object = None
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    documents: int = 0

    def problem(self, at: Position, path: Path, message: str, hint: str = "") -> None:
        """Note what is wrong, and go on."""
        self.problems.append(Problem(self.file, *at, path, message, hint))

    def take(self, event: yaml.Event) -> None:
        """Read one event.

        Raises:
            TooMuch: there is no use in going on.
        """
        assert event.start_mark is not None  # parsers always set it
        at = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.problem(at, (), "a second document begins", "use one file for each product")
                raise TooMuch
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, at)

    def _node(self, event: yaml.NodeEvent, at: Position) -> None:
        self._refuse_extras(event, at)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.into, dict) and parent.key is None:
            self._key(parent, event, at)
            return
        path, at = self._place(parent, event, at)
        if len(self.values) >= MAX_VALUES:
            self.problem(at, path, f"more than {MAX_VALUES} values")
            raise TooMuch
        self.values[path] = at
        value: object = None
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, at, path)
        elif isinstance(event, yaml.CollectionStartEvent):
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._attach(parent, value)
        if isinstance(value, dict | list):
            if len(self.stack) >= MAX_DEPTH:
                self.problem(at, path, f"nested deeper than {MAX_DEPTH} levels")
                raise TooMuch
            self.stack.append(_Open(path, value))

    def _refuse_extras(self, event: yaml.NodeEvent, at: Position) -> None:
        if isinstance(event, yaml.AliasEvent):
            hint = "write the value again; a catalog is read by people"
            self.problem(at, (), f"the alias {shown(f'*{event.anchor}')} is not allowed", hint)
        elif event.anchor is not None:
            self.problem(
                at, (), f"the anchor {shown('&' + event.anchor)} is not allowed", "delete it"
            )
        if (tag := getattr(event, "tag", None)) is not None:
            self.problem(at, (), f"the tag {shown(tag)} is not allowed", "delete it")

    def _key(self, parent: _Open, event: yaml.NodeEvent, at: Position) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self.problem(at, parent.path, "a key must be plain text")
            raise TooMuch
        parent.key, parent.key_at = event.value, at
        path = (*parent.path, event.value)
        self._refuse_unprintable(event.value, at, path)
        if path in self.keys:
            line, column = self.keys[path]
            message = f"{shown(event.value)} is given twice, first in line {line}, column {column}"
            self.problem(at, path, message, "delete one of them")
            # Under a name of its own, so that what is inside is no second problem.
            parent.key = f"{event.value} in line {at[0]}, column {at[1]}"
        else:
            self.keys[path] = at

    @staticmethod
    def _place(parent: _Open | None, event: yaml.NodeEvent, at: Position) -> tuple[Path, Position]:
        if parent is None:
            return (), at
        if isinstance(parent.into, list):
            return (*parent.path, len(parent.into)), at
        assert parent.key is not None
        # People look for a block at its name, not at the first line inside it.
        inside = isinstance(event, yaml.CollectionStartEvent)
        return (*parent.path, parent.key), parent.key_at if inside else at

    def _attach(self, parent: _Open | None, value: object) -> None:
        if parent is None:
            self.root = value
        elif isinstance(parent.into, list):
            parent.into.append(value)
        else:
            assert parent.key is not None
            parent.into.setdefault(parent.key, value)
            parent.key = None

    def _scalar(self, event: yaml.ScalarEvent, at: Position, path: Path) -> object:
        text: str = event.value
        self._refuse_unprintable(text, at, path)
        if event.style:  # quoted, or a block: never anything but text
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NOT_FINITE.fullmatch(text):
            self.problem(at, path, f"{text} is not a finite number")
        elif _NUMBER.fullmatch(text):
            number = _number(text)
            if number is not None:
                return number
            self.problem(at, path, f"{text[:20]} is not a number that a computer can hold")
        return text

    def _refuse_unprintable(self, text: str, at: Position, path: Path) -> None:
        if match := UNPRINTABLE.search(text):
            code = f"U+{ord(match[0]):04X}"
            self.problem(at, path, f"the control character {code} is not allowed", "delete it")
