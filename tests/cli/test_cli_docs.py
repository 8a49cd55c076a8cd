"""docs/cli.md has every command and every option, and none that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from loopgauge_cli.app import app

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def _commands(group: Any, prefix: str = "loopgauge") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


COMMANDS = dict(_commands(typer.main.get_command(app)))


def _sections() -> dict[str, str]:
    parts = re.split(r"^## `(loopgauge [a-z ]+)`$", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_its_section() -> None:
    assert sorted(_sections()) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_has_its_line(name: str) -> None:
    documented = re.findall(r"^\| `([^` ]+)[^`]*` \|", _sections()[name], re.MULTILINE)

    wanted = []
    for parameter in COMMANDS[name].params:
        if parameter.name == "help":
            continue
        is_option = parameter.param_type_name == "option"
        wanted.append(parameter.opts[0] if is_option else parameter.name.upper())
    assert sorted(documented) == sorted(wanted)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name: str) -> None:
    assert COMMANDS[name].help
    for parameter in COMMANDS[name].params:
        assert parameter.help, parameter.name
