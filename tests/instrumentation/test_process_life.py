"""Forks, child processes and the end of a process, with real ones of each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from loopgauge import Emitter

if TYPE_CHECKING:
    from tests.instrumentation.conftest import Reply, StandIn

HEAD = """
import sys
from loopgauge import Emitter
emit = Emitter(product="campaigns", service="job", endpoint=sys.argv[1], **OPTIONS)
"""


def run(stand_in: StandIn, script: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; one that hangs fails the test."""
    program = HEAD.replace("OPTIONS", repr(options)) + textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, "-c", program, stand_in.endpoint],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("raise RuntimeError('bug')", 1),
        ("del emit", 0),
        ("import threading; threading.Thread(target=lambda: emit.event('step.done')).start()", 0),
    ],
    ids=["returns", "exits", "raises", "forgets its emitter", "leaves a thread"],
)
def test_a_program_that_ends_sends_what_it_has_and_a_last_report(
    end: str, status: int, stand_in: StandIn
) -> None:
    done = run(
        stand_in,
        f"""
        for number in range(3000):
            emit.event("step.done", {{"n": number}})
        {end}
        """,
        flush_interval=60,
    )
    assert done.returncode == status, done.stderr
    expected = 3001 if "Thread" in end else 3000
    assert {event.sequence for event in stand_in.taken} == set(range(1, expected + 1))
    (report,) = stand_in.reports
    assert report.attributes == {
        "loop.sequence.high": expected,
        "loop.events.sent": expected,
        "loop.events.dropped": 0,
    }


def test_handlers_that_run_at_exit_can_still_emit(stand_in: StandIn) -> None:
    done = run(
        stand_in,
        """
        import atexit
        atexit.register(emit.event, "worker.stopped")
        """,
    )
    assert done.returncode == 0, done.stderr
    assert [event.name for event in stand_in.taken] == ["worker.stopped"]


def test_a_collector_that_hangs_does_not_keep_a_program_from_ending(
    stand_in: StandIn, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(how="hang")] * 100
    done = run(
        stand_in,
        """
        others = [Emitter(product="campaigns", service="job", endpoint=sys.argv[1])
                  for _ in range(3)]
        for number in range(5000):
            emit.event("step.done")
            for other in others:
                other.event("step.done")
        """,
    )
    # Had it waited for the stand-in, `run` would have failed: that hangs until the test is over.
    assert done.returncode == 0, done.stderr
    assert not stand_in.released.is_set()
    assert "Traceback" not in done.stderr


def test_a_collector_that_is_down_does_not_keep_a_program_from_ending() -> None:
    class Nobody:
        endpoint = "http://127.0.0.1:9"

    done = run(Nobody(), 'emit.event("step.done")')  # type: ignore[arg-type]  # has an endpoint
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_a_producer_of_its_own_and_repeats_nothing(stand_in: StandIn) -> None:
    done = run(
        stand_in,
        """
        import os
        for number in range(100):
            emit.event("step.done", {"who": "parent"})
        children = []
        for child in range(4):
            pid = os.fork()
            if pid == 0:
                for number in range(1000):
                    emit.event("step.done", {"who": f"child {child}"})
                sys.exit(0)
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        """,
        flush_interval=0.3,
    )
    assert done.returncode == 0, done.stderr
    counts = Counter((event.attributes["who"], event.producer) for event in stand_in.taken)
    assert sorted((who, count) for (who, _), count in counts.items()) == [
        ("child 0", 1000),
        ("child 1", 1000),
        ("child 2", 1000),
        ("child 3", 1000),
        ("parent", 100),
    ]
    assert len({producer for _, producer in counts}) == 5
    for who in ("parent", "child 0"):
        numbers = [e.sequence for e in stand_in.taken if e.attributes["who"] == who]
        assert sorted(n or 0 for n in numbers) == list(range(1, len(numbers) + 1))
    assert len({event.id for event in stand_in.taken}) == 4100
    assert {report.attributes["loop.sequence.high"] for report in stand_in.reports} == {100, 1000}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_while_the_parent_is_sending_disturbs_neither(
    stand_in: StandIn, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(how="hang")]
    done = run(
        stand_in,
        """
        import os, time
        emit.event("step.done", {"who": "parent"})
        time.sleep(0.2)  # the parent's thread is in its request now
        pid = os.fork()
        if pid == 0:
            emit.event("step.done", {"who": "child"})
            assert emit.flush(20)
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert emit.flush(20)
        """,
        request_timeout=1.0,
        flush_interval=0.01,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(event.attributes["who"] for event in stand_in.taken) == ["child", "parent"]
    assert {event.sequence for event in stand_in.taken} == {1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_an_idle_child_that_starts_its_emitter_is_seen_as_alive(stand_in: StandIn) -> None:
    done = run(
        stand_in,
        """
        import os, time
        pid = os.fork()
        if pid == 0:
            emit.start()
            time.sleep(1)
            os._exit(0)
        emit.close()
        os.waitpid(pid, 0)
        """,
        heartbeat_interval=0.2,
    )
    assert done.returncode == 0, done.stderr
    assert len({report.producer for report in stand_in.reports}) == 2


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_send_what_they_have(
    method: str, stand_in: StandIn, tmp_path: object
) -> None:
    program = f"{tmp_path}/program.py"
    with open(program, "w") as file:  # noqa: PTH123 - spawn needs a file
        file.write(
            HEAD.replace("OPTIONS", "dict(flush_interval=60)")
            + textwrap.dedent(f"""
            import multiprocessing

            def work(number):
                for _ in range(100):
                    emit.event("step.done", {{"child": number}})

            if __name__ == "__main__":
                context = multiprocessing.get_context("{method}")
                children = [context.Process(target=work, args=(n,)) for n in range(3)]
                for child in children:
                    child.start()
                for child in children:
                    child.join()
                    assert child.exitcode == 0
            """)
        )
    done = subprocess.run(
        [sys.executable, program, stand_in.endpoint],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Counter(event.attributes["child"] for event in stand_in.taken) == {
        0: 100,
        1: 100,
        2: 100,
    }
    assert len({event.producer for event in stand_in.taken}) == 3


def test_two_starts_of_one_program_are_two_producers(stand_in: StandIn) -> None:
    for _ in range(2):
        # A host that seeds `random` must not get the same ids again.
        done = run(stand_in, 'import random; random.seed(1); emit.event("step.done")')
        assert done.returncode == 0, done.stderr
    first, second = stand_in.taken
    assert first.producer != second.producer
    assert first.id != second.id
    assert first.sequence == second.sequence == 1


def test_emitting_in_a_signal_handler_never_waits_for_itself(stand_in: StandIn) -> None:
    done = run(
        stand_in,
        """
        import signal, time
        handled = 0
        def handle(number, frame):
            global handled
            handled += 1
            emit.event("signal.handled")
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
        end = time.monotonic() + 1
        sent = 0
        while time.monotonic() < end:
            emit.event("step.done")
            sent += 1
            if sent % 500 == 0:
                emit.flush(10)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert handled > 100, handled
        assert emit.flush(30)
        stats = emit.stats()
        assert stats.emitted == handled + sent
        assert stats.emitted == stats.sent + sum(stats.dropped.values()), stats
        """,
        batch_size=50,
        queue_size=100_000,
    )
    assert done.returncode == 0, done.stderr


def test_emitting_while_objects_are_finalized_and_logged_never_waits_for_itself(
    stand_in: StandIn,
) -> None:
    done = run(
        stand_in,
        """
        import gc, logging
        class Handler(logging.Handler):
            def emit(self, record):
                emit.event("Wrong again")
                emit.event("line.logged")
        logging.getLogger("loopgauge").addHandler(Handler())
        class Thing:
            def __init__(self): self.me = self
            def __del__(self): emit.event("thing.finalized")
        for number in range(5000):
            Thing()
            emit.event("step.done")
            emit.event("Wrong")
        gc.collect()
        assert emit.flush(30)
        stats = emit.stats()
        assert stats.sent == 10_001, stats  # the warning was logged once
        assert stats.dropped == {"invalid": 5001}, stats
        """,
        queue_size=100_000,
    )
    assert done.returncode == 0, done.stderr


def test_a_program_that_is_terminated_can_flush_in_its_handler(stand_in: StandIn) -> None:
    program = HEAD.replace("OPTIONS", "dict(flush_interval=60)") + textwrap.dedent("""
        import signal, time
        def stop(number, frame):
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        emit.event("step.done")
        print("ready", flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, stand_in.endpoint], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(stand_in.taken) == 1


def test_an_emitter_that_is_lost_sends_what_it_has_and_says_no_longer_that_it_is_alive(
    stand_in: StandIn,
) -> None:
    before = set(threading.enumerate())
    emit = Emitter(
        product="campaigns", service="api", endpoint=stand_in.endpoint, flush_interval=60
    )
    (thread,) = {thread for thread in threading.enumerate() if thread.name == "loopgauge"} - before
    emit.event("step.done")
    del emit
    thread.join(20)
    assert not thread.is_alive()
    assert len(stand_in.taken) == 1
    assert len(stand_in.reports) == 1
