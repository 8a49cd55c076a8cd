"""What a run of the tests left behind in the working tree: coverage, and the branch it was on."""

import io
from collections import defaultdict
from pathlib import Path

import coverage
from coverage.exceptions import CoverageException


def coverage_by_set() -> dict[str, float]:
    """The covered share of all measured code (`all`) and of each package, as coverage wrote it.

    Returns:
        Shares from 0 to 1; empty when nothing was measured.
    """
    measured = coverage.Coverage()
    measured.load()
    packages: dict[str, list[str]] = defaultdict(list)
    for file in measured.get_data().measured_files():
        packages[_package_of(Path(file))].append(file)
    shares = {}
    for name, files in ("all", None), *sorted(packages.items()):
        try:
            shares[name] = measured.report(include=files, file=io.StringIO()) / 100
        except CoverageException:
            continue  # nothing of it was run
    return shares


def _package_of(file: Path) -> str:
    """The outermost package that a file is in; its own name when it is in none."""
    package = file.stem
    for folder in file.parents:
        if not (folder / "__init__.py").exists():
            return package
        package = folder.name
    return package


def branch_of(root: Path) -> str | None:
    """The branch that is checked out; None for a single commit, or outside of git."""
    git = root / ".git"
    if git.is_file():  # a worktree names the folder that holds its HEAD
        git = root / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    reference = "ref: refs/heads/"
    return head.removeprefix(reference) if head.startswith(reference) else None
