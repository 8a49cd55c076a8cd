"""A YAML file as plain data, with the place of every value; nothing in it is ever executed.

YAML offers more than a catalog needs, and most of the rest bites: aliases grow without
bound, the last of two equal keys wins, ``no`` is false and ``12:30`` is 750. So the file
is read as a stream of events, and what is not plain JSON data in YAML's clothes is refused.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path as FilePath

import yaml

from loopgauge_catalog.errors import CatalogError, Path, Problem
from loopgauge_catalog.yaml_events import UNPRINTABLE, Position, Reader, TooMuch

MAX_BYTES = 1024 * 1024

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
        path = self.written(path)
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))

    def written(self, path: Path) -> Path:
        """The path as the file has it, where text stands for a block, or one for a list of one."""
        data: object = self.data
        steps: list[str | int] = []
        for step in path:
            if isinstance(data, dict) and isinstance(step, int):
                continue
            if not isinstance(data, dict | list):
                break
            steps.append(step)
            try:
                data = child(data, step)
            except LookupError:
                data = None
        return tuple(steps)


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
    reader = Reader(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
    except TooMuch:
        pass  # its problem is noted
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The two latter are how the Python scanner takes an escape beyond Unicode.
        reader.problems.append(_syntax(error, text, file))
    if reader.problems:
        raise CatalogError(reader.problems)
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
    if match := UNPRINTABLE.search(text):
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
    elif "expected ',' or" in complaint:
        hint = "close the brackets; text with a comma, a bracket or # needs quotes"
    return Problem(file, line + 1, column + 1, (), message, hint)
