"""What can be wrong with a catalog, and where.

- CatalogError: nothing was loaded; carries every `Problem` that was found
    (a Problem of severity "warning" refuses nothing and stands in `Catalog.warnings`)
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

#: Where something stands in a file: the keys and list positions that lead to it.
Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]

#: More than this is one mistake repeated, and nobody reads it.
SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: the file as it was named to the loader.
        line, column: from 1; 0 when the whole file is meant.
        path: what it is about, ``("tables", "api", "kpis", "errors", "window")``.
        message: what is wrong and why that matters.
        hint: what would be right; empty when nobody can know.
        severity: an error refuses the catalog, a warning is listed.
    """

    file: str
    line: int
    column: int
    path: Path
    message: str
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        kind = "warning: " if self.severity == "warning" else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}: {kind}{self.message}{hint}"


class CatalogError(Exception):
    """The catalog cannot be used.

    Attributes:
        problems: what is wrong, in the order of the files and lines.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        more = len(self.problems) - SHOWN_PROBLEMS
        if more > 0:
            lines.append(f"and {more} more")
        return "\n".join(lines)


def article(word: str) -> str:
    """The word with its article: ``a ratio``, ``an age``."""
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"


def shown(text: str, limit: int = 70) -> str:
    """What somebody wrote, quoted, on one line and not longer than anybody reads."""
    return repr(text if len(text) <= limit else text[:limit] + "…")


def closest(word: str, options: Iterable[str]) -> str | None:
    """The option that was probably meant, or None when none is near."""
    by_lower = {option.lower(): option for option in options}
    near = difflib.get_close_matches(word.lower()[:128], by_lower, n=1)
    return by_lower[near[0]] if near else None


def did_you_mean(word: str, options: Sequence[str], *, otherwise: str = "") -> str:
    """The hint for a name that is not among the options."""
    near = closest(word, options)
    return f"did you mean {near!r}?" if near is not None else otherwise
