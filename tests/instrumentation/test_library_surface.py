"""What the library offers, and what importing it does to its host."""

import subprocess
import sys
import textwrap

import loopgauge
import loopgauge.asgi
import loopgauge.testing
import pytest


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_public_names_are_these_and_no_others() -> None:
    assert loopgauge.__all__ == sorted(loopgauge.__all__)
    assert loopgauge.__all__ == ["Emitter", "Stats", "Timing"]
    assert loopgauge.asgi.__all__ == ["LoopGaugeMiddleware"]
    assert loopgauge.testing.__all__ == [
        "Answer",
        "CapturedEvent",
        "HttpTransport",
        "RecordingTransport",
        "Transport",
        "capture_events",
        "raising_faults",
    ]


@pytest.mark.parametrize("module", ["loopgauge", "loopgauge.asgi", "loopgauge.testing"])
def test_an_import_loads_the_standard_library_alone_and_starts_nothing(module: str) -> None:
    foreign = run(f"""
        import os, sys, threading

        class Watched(dict):
            read = []
            def __getitem__(self, key):
                self.read.append(key)
                return super().__getitem__(key)
            def get(self, key, default=None):
                self.read.append(key)
                return super().get(key, default)

        os.environ = Watched(os.environ)
        before = set(sys.modules)
        import {module}
        loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
        assert "loopgauge" in loaded
        assert threading.active_count() == 1
        assert not [key for key in Watched.read if key.startswith(("LOOPGAUGE", "OTEL"))]
        print(sorted(loaded - set(sys.stdlib_module_names) - {{"loopgauge"}}))
    """)
    assert foreign.strip() == "[]"


def test_an_emitter_over_http_needs_the_standard_library_alone() -> None:
    foreign = run("""
        import sys
        before = set(sys.modules)
        from loopgauge import Emitter
        with Emitter(product="campaigns", service="api", endpoint="http://127.0.0.1:9") as emit:
            emit.event("user.registered", {"user.id": "u1"})
            emit.close(0.1)
        loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
        print(sorted(loaded - set(sys.stdlib_module_names) - {"loopgauge"}))
    """)
    assert foreign.strip() == "[]"


def test_the_endpoint_is_read_from_the_environment_when_an_emitter_is_made() -> None:
    printed = run("""
        import logging, os, time
        logging.basicConfig(format="%(message)s")
        from loopgauge import Emitter
        os.environ["LOOPGAUGE_ENDPOINT"] = "collector:4318"
        emit = Emitter(product="campaigns", service="api")
        emit.close(0.1)
        os.environ["LOOPGAUGE_ENDPOINT"] = "http://127.0.0.1:9"
        emit = Emitter(product="campaigns", service="api")
        emit.event("user.registered")
        emit.close(0.3)
        print(emit.stats())
    """)
    assert "dropped={'exit': 1}" in printed


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"product": "Campaigns"}, "lower case"),
        ({"product": None}, "lower case"),
        ({"service": ""}, "service must be"),
        ({"environment": "a\nb"}, "environment must be"),
        ({"endpoint": "collector:4318"}, "no URL"),
        ({"endpoint": "ftp://127.0.0.1"}, "no URL"),
        ({"endpoint": "http://name:word@127.0.0.1"}, "credentials"),
        ({"queue_size": 0}, "queue_size"),
        ({"batch_size": 1.5}, "batch_size"),
        ({"flush_interval": float("nan")}, "flush_interval"),
        ({"exit_timeout": -1}, "exit_timeout"),
        ({"endpoint": "http://127.0.0.1:9", "transport": object()}, "one of"),
    ],
)
def test_a_wrong_constructor_argument_is_told_where_it_is_made(
    wrong: dict[str, object], says: str
) -> None:
    given: dict[str, object] = {"product": "campaigns", "service": "api", **wrong}
    with pytest.raises(ValueError, match=says):
        loopgauge.Emitter(**given)  # type: ignore[arg-type]  # that is what is tested
