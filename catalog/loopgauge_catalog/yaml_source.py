"""A YAML file as plain data, with the place of every value; nothing in it is ever executed.

YAML offers more than a catalog needs, and most of the rest bites: aliases grow without
bound, the last of two equal keys wins, ``no`` is false and ``12:30`` is 750. So the file
is read as a stream of events, and what is not plain JSON data in YAML's clothes is refused.
"""

import math
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path as FilePath

import yaml

from loopgauge_catalog.errors import SHOWN_PROBLEMS, CatalogError, Path, Problem

MAX_BYTES = 1024 * 1024
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
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

# The C scanner is a hundred times faster; both give the same events and marks.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says.

    Attributes:
        file: its name, for messages.
        data: mappings with text keys, lists, text, numbers, booleans and None.
        values: where each value stands; a mapping or list stands where its key does.
        keys: where each key of a mapping stands.
    """

    file: str
    data: object
    values: dict[Path, Position]
    keys: dict[Path, Position]

    def locate(self, path: Path, *, key: bool = False) -> Position:
        """Where a value (or its key) stands; for what is not there, where it should be."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))


def child(data: object, step: str | int) -> object:
    """The value one step down.

    Raises:
        LookupError: when there is none.
    """
    if isinstance(data, dict) and step in data:
        return data[step]
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    raise LookupError(step)


def read_bytes(path: FilePath) -> bytes:
    """The file's content, from one moment: a file that changes meanwhile is refused.

    Raises:
        CatalogError: when it cannot be read, is no plain file, or is greater than 1 MiB.
    """
    try:
        with open(path, "rb", opener=_open_without_waiting) as stream:
            before = os.fstat(stream.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise _whole(path, "is no file", "name a YAML file or a folder with YAML files")
            raw = stream.read(MAX_BYTES + 1)
            after = os.fstat(stream.fileno())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _whole(path, f"cannot be read: {reason}") from None
    if len(raw) > MAX_BYTES:
        raise _whole(path, "is greater than 1 MiB", "split it into one file for each product")
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise _whole(path, "changed while it was read", "write it beside and rename it")
    return raw


def _open_without_waiting(path: str, flags: int) -> int:
    # Opening a pipe that nobody writes to would wait for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def parse(raw: bytes, file: str) -> Document:
    """Read YAML text.

    Args:
        raw: the file's content.
        file: its name, for messages.

    Raises:
        CatalogError: with every fault that does not hide what comes after it.
    """
    if len(raw) > MAX_BYTES:
        raise _whole(file, "is greater than 1 MiB", "split it into one file for each product")
    text = _decode(raw, file)
    reader = _Reader(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
    except _TooMuch:
        pass  # its problem is noted
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The two latter are how the Python scanner takes an escape beyond Unicode.
        reader.problems.append(_syntax(error, text, file))
    if reader.problems:
        raise CatalogError(reader.problems[: SHOWN_PROBLEMS + 1])
    if reader.root is None:
        raise _whole(file, "is empty", "start with what `loopgauge init` writes")
    return Document(file, reader.root, reader.values, reader.keys)


def _whole(file: FilePath | str, message: str, hint: str = "") -> CatalogError:
    return CatalogError([Problem(str(file), 0, 0, (), message, hint)])


def _decode(raw: bytes, file: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        message = f"is not UTF-8 text (byte 0x{raw[error.start]:02x})"
        raise CatalogError(
            [Problem(file, line, column, (), message, "save the file as UTF-8")]
        ) from None
    if match := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        message = f"the control character U+{ord(match[0]):04X} is not allowed"
        raise CatalogError([Problem(file, line, column, (), message, "delete it")])
    return text


def _syntax(error: Exception, text: str, file: str) -> Problem:
    """The scanner's complaint, in words that say what to do."""
    complaint: str = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    message, hint = f"not valid YAML: {complaint}", ""
    if "\t" in here[: len(here) - len(here.lstrip())] or here[column : column + 1] == "\t":
        message, hint = "a tab cannot indent or separate in YAML", "use spaces"
    elif "mapping values" in complaint:
        message, hint = "a second ': ' in one line", "put text that contains ': ' in quotes"
    elif "cannot start any token" in complaint:
        message = f"text cannot begin with {here[column : column + 1]!r}"
        hint = "put it in quotes"
    return Problem(file, line + 1, column + 1, (), message, hint)


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


class _TooMuch(Exception):
    """The file is deeper or longer than any catalog; its problem is already noted."""


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun and not ended."""

    path: Path
    into: dict[str, object] | list[object]
    key: str | None = None
    key_at: Position = (1, 1)


@dataclass(slots=True)
class _Reader:
    """Turns the parser's events into data, without recursion."""

    file: str
    root: object = None
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    documents: int = 0

    def problem(self, at: Position, path: Path, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, *at, path, message, hint))

    def take(self, event: yaml.Event) -> None:
        assert event.start_mark is not None  # parsers always set it
        at = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.problem(at, (), "a second document begins", "use one file for each product")
                raise _TooMuch
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
            raise _TooMuch
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
                raise _TooMuch
            self.stack.append(_Open(path, value))

    def _refuse_extras(self, event: yaml.NodeEvent, at: Position) -> None:
        if isinstance(event, yaml.AliasEvent):
            hint = "write the value again; a catalog is read by people"
            self.problem(at, (), f"the alias *{event.anchor} is not allowed", hint)
        elif event.anchor is not None:
            self.problem(at, (), f"the anchor &{event.anchor} is not allowed", "delete it")
        if (tag := getattr(event, "tag", None)) is not None:
            self.problem(at, (), f"the tag {tag} is not allowed", "delete it")

    def _key(self, parent: _Open, event: yaml.NodeEvent, at: Position) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self.problem(at, parent.path, "a key must be plain text")
            raise _TooMuch
        parent.key, parent.key_at = event.value, at
        path = (*parent.path, event.value)
        self._refuse_unprintable(event.value, at, path)
        if path in self.keys:
            line, column = self.keys[path]
            message = f"{event.value!r} is given twice, first in line {line}, column {column}"
            self.problem(at, path, message, "delete one of them")
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
        if match := _UNPRINTABLE.search(text):
            code = f"U+{ord(match[0]):04X}"
            self.problem(at, path, f"the control character {code} is not allowed", "delete it")
