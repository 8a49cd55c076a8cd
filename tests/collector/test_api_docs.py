"""docs/api.md has a heading for every route, and describes none that is not there."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from loopgauge_collector.app import create_app
from loopgauge_collector.events import Rejected, Verdict
from loopgauge_collector.receivers import RECEIVERS, Outcome
from loopgauge_collector.receivers.base import JSON
from starlette.routing import Route

if TYPE_CHECKING:
    from tests.conftest import FakeCollector, Site

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_route_has_its_heading(collector: "FakeCollector") -> None:
    app = create_app(collector)  # type: ignore[arg-type]  # a fake of it

    served = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    } | {f"POST {route.path}" for route in app.routes if isinstance(route, Route)}

    assert served == set(re.findall(r"^### `([A-Z]+ /\S*)`$", TEXT, re.MULTILINE))


def test_every_field_of_a_kpi_is_explained(site: "Site") -> None:
    listed, one = TEXT.split("### `GET /api/v1/kpis/{product}/{key}`")[:2]
    in_list = set(site.get("/api/v1/kpis").json()["kpis"][0])
    in_detail = set(site.get("/api/v1/kpis/campaigns/api_latency").json()) - in_list

    assert not {field for field in in_list if f"`{field}`" not in listed}
    assert not {field for field in in_detail - {"as_of", "snapshot"} if f"`{field}`" not in one}


def test_every_field_of_the_answer_to_events_is_explained() -> None:
    event = Rejected(3, None, "missing_id", "say why", "shop", "web", "page.seen", b"{}")
    outcome = Outcome(Verdict(1, 1, [event], 1), {"trace": 2})
    (receiver,) = (one for one in RECEIVERS if one.path == "/v1/events")
    answer = json.loads(receiver.answer(outcome, JSON))
    section = TEXT.split("### `POST /v1/events`")[1].split("### ")[0]

    fields = set(answer) | set(answer["quarantined"][0])
    assert not {field for field in fields if f'"{field}"' not in section}
