"""The example by itself: the same requests meet the same fate, and events are as declared."""

import json
import subprocess
import sys
from typing import Any

import pytest
from loopgauge_catalog.loader import samples

from tests.support.program import ROOT

#: Sends forty users' requests one after the other; writes the answers and the events.
SCRIPT = """\
import asyncio, json, sys
import httpx
from loopgauge import Emitter
from loopgauge.testing import capture_events
from examples.video_service.app import create_app

async def main(emit):
    app = create_app(emit, seed=int(sys.argv[1]))
    transport = httpx.ASGITransport(app)
    answers = []
    async with httpx.AsyncClient(transport=transport, base_url="http://videos") as client:
        async def post(path, **body):
            answer = await client.post(path, json=body)
            answers.append([answer.status_code, answer.json()])
            return answer.json()
        for number in range(40):
            made = await post("/videos", channel="c", title=f"t{number}", topic=f"t{number % 9}")
            await post(f"/videos/{made['video']['id']}/upload")
        await post("/channels/statistics")
    return answers

emit = Emitter(product="ytempire", service="video-api", endpoint="http://127.0.0.1:1")
with capture_events(emit) as events:
    answers = asyncio.run(main(emit))
json.dump([answers, [[event.name, event.attributes] for event in events]], sys.stdout)
"""


def run(seed: int) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    """Answers and events of a service with this seed."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(seed)], cwd=ROOT, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    answers, events = json.loads(done.stdout)
    return answers, [(name, attributes) for name, attributes in events]


@pytest.fixture(scope="module")
def first() -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    return run(seed=5)


def test_the_same_seed_and_requests_give_the_same_answers_and_events(first: Any) -> None:
    answers, events = first
    again, events_again = run(seed=5)

    def timeless(all_events: list[tuple[str, dict[str, Any]]]) -> list[Any]:
        return [
            (name, {key: value for key, value in attributes.items() if key != "duration"})
            for name, attributes in all_events
        ]

    assert again == answers
    assert timeless(events_again) == timeless(events)


def test_another_seed_is_another_world(first: Any) -> None:
    assert run(seed=6)[0] != first[0]


def test_declared_events_carry_what_the_catalog_declares_and_nothing_else(first: Any) -> None:
    declared = samples().products["ytempire"].events
    seen = set()

    for name, attributes in first[1]:
        if name not in declared:
            continue
        seen.add(name)
        allowed = declared[name].attributes
        required = {key for key, attribute in allowed.items() if attribute.required}
        # The library names the exception where one ended the work.
        assert required <= set(attributes) <= set(allowed) | {"error.type"}, name

    assert seen >= {
        "api.call", "channel.stats_reported", "cost.avoided", "pipeline.stage_finished",
        "video.completed", "video.scored", "video.uploaded",
    }  # fmt: skip
