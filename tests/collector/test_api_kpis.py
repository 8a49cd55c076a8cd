"""GET /api/v1/kpis and one KPI: the documented shape, filters, and helpful refusals."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from loopgauge_catalog.states import State
from loopgauge_collector.errors import Refused

from tests.support.every_kind import beyond, snapshot_of, value_of, whole_catalog

if TYPE_CHECKING:
    from tests.conftest import FakeCollector, Site, SnapshotBuilder

#: DESIGN, "Interfaces that others rely on".
DOCUMENTED = {
    "id", "row", "product", "title", "kind", "unit", "value", "state", "state_since", "target",
    "attainment", "samples", "pending", "interval", "sure", "trend", "age_seconds", "from", "to",
    "window", "revision", "needs",
}  # fmt: skip


def test_the_list_has_every_kpi_and_says_which_snapshot_it_is(site: "Site") -> None:
    body = site.get("/api/v1/kpis").json()

    assert (body["snapshot"], body["as_of"]) == (7, "2026-11-21T10:30:00Z")
    assert [kpi["id"] for kpi in body["kpis"]] == [
        "campaigns.new_campaigns",
        "campaigns.api_latency",
        "campaigns.api_errors",
        "campaigns.beta_score",
        "campaigns.coverage",
        "ytempire.spend",
    ]
    for kpi in body["kpis"]:
        assert set(kpi) >= DOCUMENTED


def test_a_kpi_in_the_list_is_what_the_snapshot_says(site: "Site") -> None:
    kpis = {kpi["id"]: kpi for kpi in site.get("/api/v1/kpis").json()["kpis"]}

    errors = kpis["campaigns.api_errors"]
    assert (errors["value"], errors["state"], errors["sure"]) == (0.034, "breach", True)
    assert (errors["samples"], errors["interval"]) == (500, [0.021, 0.054])
    assert errors["window"] == "1h"
    assert (errors["from"], errors["to"]) == ("2026-11-21T09:30:00Z", "2026-11-21T10:30:00Z")
    assert errors["state_since"] == "2026-11-21T09:48:00Z"
    assert kpis["campaigns.api_latency"]["target"] == {
        "comparator": "below",
        "threshold": 2.0,
        "share": 0.95,
        "stretch": None,
        "text": "< 2s for 95%",
    }


def test_a_kpi_without_data_has_a_null_and_says_what_it_needs(site: "Site") -> None:
    kpis = {kpi["id"]: kpi for kpi in site.get("/api/v1/kpis").json()["kpis"]}

    assert kpis["campaigns.beta_score"]["value"] is None
    assert kpis["campaigns.beta_score"]["needs"] == ["campaigns never sent beta.scored"]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_json_cannot_carry_is_null(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder", number: float
) -> None:
    collector.snapshots.publish(build.snapshot(build.value("campaigns.api_latency", number)))

    answer = site.get("/api/v1/kpis")

    assert answer.status_code == 200
    assert answer.json()["kpis"][0]["value"] is None


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("product=ytempire", ["ytempire.spend"]),
        ("state=breach", ["campaigns.api_errors"]),
        ("state=breach&product=ytempire", []),
        ("state=unpriced", []),
    ],
)
def test_the_list_can_be_filtered(site: "Site", query: str, ids: list[str]) -> None:
    body = site.get(f"/api/v1/kpis?{query}").json()

    assert [kpi["id"] for kpi in body["kpis"]] == ids


def test_the_list_has_the_headings_of_the_documents_tables(site: "Site") -> None:
    products = site.get("/api/v1/kpis?product=campaigns").json()["products"]

    assert list(products) == ["campaigns"]
    assert products["campaigns"]["title"] == "Podcast sponsor attribution"
    assert products["campaigns"]["tables"]["api"] == "API"


def test_what_decides_the_state_and_what_lies_beyond_a_limit_is_named(
    site: "Site", collector: "FakeCollector"
) -> None:
    catalog = whole_catalog()
    making, funnel = catalog.kpi("studio.making"), catalog.kpi("studio.path")
    assert making is not None
    assert funnel is not None
    late = beyond(value_of(making, catalog), worst=("genre", "b"), escalated=True)
    values = (late, value_of(funnel, catalog))
    collector.snapshots.publish(replace(snapshot_of(catalog, *values), number=8))

    shown, path = site.get("/api/v1/kpis").json()["kpis"]

    assert (shown["value"], shown["stat"], shown["beyond"]) == (None, "p80", 7200.0)
    assert shown["stats"] == {"p50": None, "p80": None, "p95": None}
    assert shown["worst"] == {"label": "genre", "value": "b", "number": 840.0}
    assert (shown["escalated"], shown["escalate"]["text"]) == (True, "≤ 15m for 50%")
    assert path["steps"] == {"ordered": 1.0, "made": 0.5, "shown": 1 / 3}
    assert path["gaps"] == {"made": 90.0, "shown": 90.0}
    assert path["worst_step"] == "made"


def test_one_of_the_last_snapshots_can_be_read_by_number(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    older = build.value("campaigns.new_campaigns", 5.0)
    collector.snapshots.publish(build.snapshot(older, number=8))
    collector.snapshots.publish(build.snapshot(number=9))

    body = site.get("/api/v1/kpis?snapshot=8").json()

    assert (body["snapshot"], [kpi["value"] for kpi in body["kpis"]]) == (8, [5.0])
    assert site.get("/api/v1/kpis").json()["snapshot"] == 9
    one = site.get("/api/v1/kpis/campaigns/new_campaigns?snapshot=8").json()
    assert (one["snapshot"], one["value"]) == (8, 5.0)


def test_a_snapshot_that_is_gone_is_a_404_that_names_the_newest(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    for number in range(8, 20):
        collector.snapshots.publish(build.snapshot(number=number))

    assert site.get("/api/v1/kpis?snapshot=9").status_code == 404
    answer = site.get("/api/v1/kpis?snapshot=7")
    assert answer.status_code == 404
    assert "the newest is 19" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/kpis?snapshot=seven", 400, "is no number; the newest is 7"),
        ("/api/v1/kpis?snapshot=-1", 400, "is no number"),
        ("/api/v1/kpis?snapshot=9" + "9" * 40, 400, "is no number"),
        ("/api/v1/kpis?snapshot=%D9%A7", 400, "is no number"),
        ("/api/v1/kpis?product=campaign", 400, "did you mean 'campaigns'?"),
        ("/api/v1/kpis?state=breached", 400, "did you mean 'breach'?"),
        ("/api/v1/kpis?sate=ok", 400, "did you mean 'state'?"),
        ("/api/v1/kpis/campaigns/api_latnecy", 404, "did you mean 'campaigns.api_latency'?"),
        ("/api/v1/kpis/x/y", 404, "GET /api/v1/kpis lists all"),
        ("/api/v1/kpis/campaigns/api_latency?window=1", 400, "write 30m, 24h or 28d"),
        ("/api/v1/kpis/campaigns/api_latency?window=1e999999999", 400, "write 30m"),
        ("/api/v1/kpis/campaigns/api_latency?window=10s", 400, "ask for 1m to 400d"),
        ("/api/v1/kpis/campaigns/api_latency?window=9000d", 400, "ask for 1m to 400d"),
        ("/api/v1/kpis/campaigns/api_latency?window=" + "9" * 5000 + "d", 400, "window"),
        ("/api/v1/kpis/campaigns/coverage?window=1h", 400, "leave window out"),
        ("/api/v1/kpis/campaigns/api_latency?at=yesterday", 400, "2026-11-21T10:30:00Z"),
        ("/api/v1/kpis/campaigns/api_latency?at=2026-11-20T10:00:00", 400, "with the zone"),
        ("/api/v1/kpis/campaigns/api_latency?at=9999-01-01T00:00:00Z", 400, "in the future"),
        ("/api/v1/kpis/campaigns/api_latency?at=0001-01-01T00:00:00%2B14:00", 400, "no moment"),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_to_do(
    site: "Site", path: str, status: int, said: str
) -> None:
    answer = site.get(path)

    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_one_kpi_has_its_words_its_windows_and_its_breakdowns(site: "Site") -> None:
    body = site.get("/api/v1/kpis/campaigns/api_latency").json()

    assert (body["snapshot"], body["value"], body["share"]) == (7, 0.25, 0.991)
    assert body["stats"] == {"p50": 0.08, "p95": 0.25, "p99": 1.5}
    assert body["decides"] == "Is the API fast enough?"
    assert body["windows"]["24h"]["value"] == 0.3
    assert body["breakdowns"]["http.route"]['/a"b\\c\n']["value"] == 0.5
    assert body["alert"] == {"severity": "ticket", "team": "growth"}


def test_a_window_that_the_snapshot_has_is_read_there_and_has_no_state(
    site: "Site", collector: "FakeCollector"
) -> None:
    body = site.get("/api/v1/kpis/campaigns/api_latency?window=24h").json()

    assert (body["value"], body["window"], body["samples"]) == (0.3, "24h", 9000)
    assert (body["state"], body["sure"], body["attainment"]) == (None, None, None)
    assert collector.asked == []


def test_the_own_window_keeps_its_state(site: "Site", collector: "FakeCollector") -> None:
    body = site.get("/api/v1/kpis/campaigns/api_latency?window=60m").json()

    assert (body["value"], body["window"], body["state"]) == (0.25, "1h", "ok")
    assert collector.asked == []


def test_any_other_window_is_computed_as_of_the_snapshot(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    body = site.get("/api/v1/kpis/campaigns/api_latency?window=3h").json()

    assert collector.asked == [("value_at", "campaigns.api_latency", 3 * 3_600_000_000, build.now)]
    assert (body["value"], body["samples"], body["state"]) == (0.5, 50, None)


@pytest.mark.parametrize("at", ["2026-11-20T10:00:00Z", "2026-11-20T12:00:00%2B02:00",
                                "2026-11-20T12:00:00+02:00"])  # fmt: skip
def test_a_past_moment_is_computed_over_the_own_window(
    site: "Site", collector: "FakeCollector", at: str
) -> None:
    body = site.get(f"/api/v1/kpis/campaigns/api_latency?at={at}").json()

    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert collector.asked == [("value_at", "campaigns.api_latency", None, moment)]
    assert (body["value"], body["state"], body["to"]) == (0.25, "ok", "2026-11-20T10:00:00Z")


def test_the_collectors_own_refusal_becomes_the_answer(
    site: "Site", collector: "FakeCollector"
) -> None:
    collector.failure = Refused(503, "definitions_change", "definitions are changing; ask again", 1)

    answer = site.get("/api/v1/kpis/campaigns/api_latency?window=3h")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json() == {"detail": "definitions are changing; ask again"}


def test_before_the_first_evaluation_the_answer_is_to_try_again(
    build: "SnapshotBuilder", make_site: Callable[[], "Site"]
) -> None:
    answer = make_site().get("/api/v1/kpis")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "/readyz" in answer.json()["detail"]


def test_every_answer_forbids_caching_and_sniffing(site: "Site") -> None:
    for path in ("/api/v1/kpis", "/api/v1/kpis/x/y", "/api/v1/status", "/healthz"):
        headers = site.get(path).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Content-Type-Options"] == "nosniff", path


def test_pending_and_states_of_every_kind_reach_the_json(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    values = [
        replace(build.value("campaigns.api_errors", 0.5), state=state, pending=3) for state in State
    ]
    collector.snapshots.publish(build.snapshot(*values))

    kpis = site.get("/api/v1/kpis").json()["kpis"]

    assert [kpi["state"] for kpi in kpis] == [state.value for state in State]
    assert {kpi["pending"] for kpi in kpis} == {3}
