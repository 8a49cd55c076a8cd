"""docs/api.md has a heading for every route, and describes none that is not there."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from loopgauge_collector.app import create_app
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
