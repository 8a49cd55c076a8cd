"""The log: one line for each message, whatever the message holds."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
from loopgauge_collector import log_lines


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """What is logged; the logging of the test run is put back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    log_lines.to_stderr(stream)
    yield stream
    root.handlers[:], root.level = handlers, level


def test_a_line_has_its_time_its_level_and_its_part(out: io.StringIO) -> None:
    logging.getLogger("loopgauge_collector.writer").warning("the disk is full: %d MiB", 3)

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING writer: the disk is full: 3 MiB\n",
        out.getvalue(),
    )


def test_a_name_from_outside_cannot_begin_a_line_or_steer_a_terminal(out: io.StringIO) -> None:
    logging.getLogger("x").info("event %s", "a\n2026-01-01 ERROR forged\r\x1b[31m\u2028é")

    assert out.getvalue().count("\n") == 1
    assert r"a\n2026-01-01 ERROR forged\r\x1b[31m\u2028é" in out.getvalue()


def test_a_traceback_follows_indented(out: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError("first\nsecond")

    try:
        fail()
    except ValueError:
        logging.getLogger("x").exception("failed")

    head, *rest = out.getvalue().splitlines()
    assert head.endswith(" ERROR x: failed")
    assert rest
    assert all(line.startswith("    ") for line in rest)


def test_the_http_servers_chatter_is_left_out(out: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")

    assert out.getvalue() == ""
