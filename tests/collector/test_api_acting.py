"""The routes that act or look inside: status, sources, rebuild, reload, sql, health."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from loopgauge_catalog.errors import CatalogError, Problem
from loopgauge_catalog.values import AccountingRow
from loopgauge_collector.errors import Refused
from loopgauge_collector.storage.sql import SqlResult

if TYPE_CHECKING:
    from tests.conftest import FakeCollector, Site, SnapshotBuilder

ACTING = ("/api/v1/sql", "/api/v1/rebuild", "/api/v1/reload")


@dataclass
class _Source:
    product: str
    service: str
    environment: str
    name: str
    first: datetime
    last: datetime
    events: int
    declared: bool


def test_the_status_adds_up_to_what_was_received(site: "Site") -> None:
    body = site.get("/api/v1/status").json()

    pipeline = body["pipeline"]
    assert pipeline["events"] == {"stored": 1507, "quarantined": 8, "received": 1515}
    assert sum(row["events"] for row in pipeline["accounting"]) == 1515
    assert pipeline["replayed"] == {}
    assert pipeline["rebuilding"] == {"ytempire.spend": 0.5}
    assert (pipeline["lag_seconds"], pipeline["position"], pipeline["committed"]) == (0.25, 41, 42)
    assert body["states"]["breach"] == 1
    assert body["catalog"]["kpis"] == 6
    assert body["snapshot"] == 7


def test_what_a_replay_settled_is_told_apart_from_what_was_received(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    replayed = (
        AccountingRow("campaigns", "campaign-api", "replayed", "stored", 5),
        AccountingRow("", "stranger", "replayed", "stored", 1),
        AccountingRow("campaigns", "campaign-api", "replayed", "duplicate", 2),
    )
    rows = build.health().accounting + replayed
    collector.snapshots.publish(build.snapshot(number=8, health=build.health(accounting=rows)))

    pipeline = site.get("/api/v1/status").json()["pipeline"]

    assert pipeline["events"] == {"stored": 1507, "quarantined": 8, "received": 1515}
    assert pipeline["replayed"] == {"stored": 6, "duplicate": 2}
    assert sum(row["events"] for row in pipeline["accounting"]) == 1515 + 8


def test_invented_services_do_not_make_the_status_endless(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    rows = tuple(AccountingRow("", f"s{n}", "stored", "", n) for n in range(3000))
    collector.snapshots.publish(build.snapshot(health=build.health(accounting=rows)))

    pipeline = site.get("/api/v1/status").json()["pipeline"]

    assert (len(pipeline["accounting"]), pipeline["accounting_rows"]) == (1000, 3000)
    assert pipeline["accounting"][0]["events"] == 2999
    assert pipeline["events"]["received"] == sum(range(3000))


def test_the_status_answers_before_the_first_evaluation(
    collector: "FakeCollector", make_site: Callable[[], "Site"]
) -> None:
    body = make_site().get("/api/v1/status").json()

    assert (body["snapshot"], body["pipeline"]) == (None, None)


def test_sources_say_what_arrives_and_whether_the_catalog_knows_it(
    site: "Site", collector: "FakeCollector"
) -> None:
    moment = datetime(2026, 11, 21, 10, 0, 0, 250_000, tzinfo=UTC)
    collector.found = [
        _Source("campaigns", "api", "production", "campaign.made", moment, moment, 3, False)
    ]

    body = site.get("/api/v1/sources").json()

    assert body == {
        "sources": [
            {
                "product": "campaigns",
                "service": "api",
                "environment": "production",
                "event": "campaign.made",
                "first": "2026-11-21T10:00:00.250000Z",
                "last": "2026-11-21T10:00:00.250000Z",
                "events": 3,
                "declared": False,
            }
        ],
        "truncated": False,
    }


@pytest.mark.parametrize("path", ACTING)
@pytest.mark.parametrize("client", ["203.0.113.9", "10.0.0.1", "::ffff:10.0.0.1", "testclient"])
def test_who_acts_must_be_on_this_machine(
    site_from: Callable[[str], "Site"], collector: "FakeCollector", path: str, client: str
) -> None:
    answer = site_from(client).post(path, json={})

    assert answer.status_code == 403
    assert "on loopback only" in answer.json()["detail"]
    assert collector.asked == []


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_every_form_of_loopback_is_this_machine(
    site_from: Callable[[str], "Site"], client: str
) -> None:
    assert site_from(client).post("/api/v1/sql", json={"query": "select 1"}).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
@pytest.mark.parametrize("path", ACTING)
def test_a_proxy_on_this_machine_does_not_lend_its_address(
    site: "Site", collector: "FakeCollector", path: str, header: str
) -> None:
    answer = site.post(path, json={}, headers={header: "127.0.0.1"})

    assert answer.status_code == 403
    assert collector.asked == []


@pytest.mark.parametrize("path", ACTING)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_form_of_a_foreign_page_cannot_act(
    site: "Site", collector: "FakeCollector", path: str, content_type: str
) -> None:
    answer = site.post(
        path, content=b'{"query": "select 1"}', headers={"Content-Type": content_type}
    )

    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]
    assert collector.asked == []


@pytest.mark.parametrize("path", ACTING)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 400),
        (b'"x"', 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 40_000, 400),
        (b'{"query": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_a_bad_body_is_refused(site: "Site", path: str, body: bytes, status: int) -> None:
    answer = site.post(path, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({}, None),
        ({"kpis": None}, None),
        ({"kpis": ["campaigns.api_errors"]}, ["campaigns.api_errors"]),
    ],
)
def test_a_rebuild_can_be_of_all_or_of_some(
    site: "Site", collector: "FakeCollector", body: dict[str, Any], asked: list[str] | None
) -> None:
    answer = site.post("/api/v1/rebuild", json=body)

    assert answer.status_code == 202
    assert collector.asked == [("rebuild", asked)]
    assert len(answer.json()["rebuilding"]) == (6 if asked is None else 1)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"kpis": ["campaigns.api_error"]}, 404, "did you mean 'campaigns.api_errors'?"),
        ({"kpis": "all"}, 400, "a list of KPI ids"),
        ({"kpis": []}, 400, "a list of KPI ids"),
        ({"kpis": [1]}, 400, "a list of KPI ids"),
        ({"kpi": ["campaigns.api_errors"]}, 400, "unknown field 'kpi'"),
    ],
)
def test_a_rebuild_of_what_does_not_exist_is_refused(
    site: "Site", collector: "FakeCollector", body: dict[str, Any], status: int, said: str
) -> None:
    answer = site.post("/api/v1/rebuild", json=body)

    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert collector.asked == []


def test_a_reload_says_what_changed(site: "Site") -> None:
    answer = site.post("/api/v1/reload", json={})

    assert answer.json() == {"catalog": "6 KPIs, 0 of them are being rebuilt"}


def test_a_reload_of_bad_files_names_the_place_and_keeps_the_catalog(
    site: "Site", collector: "FakeCollector"
) -> None:
    problem = Problem("a.yaml", 3, 5, ("tables",), "unknown field 'tabels'", "did you mean tables?")
    collector.failure = CatalogError([problem])

    answer = site.post("/api/v1/reload", json={})

    assert answer.status_code == 422
    assert "the catalog stays as it was: a.yaml:3:5: unknown field" in answer.json()["detail"]


def test_sql_answers_with_columns_and_rows_of_json(
    site: "Site", collector: "FakeCollector"
) -> None:
    row = (
        None, True, 7, 2**60, 0.5, float("nan"), Decimal("1.10"), "é", b"\x01\xff",
        datetime(2026, 11, 21, 10, tzinfo=UTC), date(2026, 11, 21), timedelta(seconds=90),
        UUID(int=5), {"a": [1, Decimal(2)]},
    )  # fmt: skip
    collector.rows = SqlResult(["c"] * len(row), [row], truncated=True)

    body = site.post("/api/v1/sql", json={"query": "select 1"}).json()

    assert collector.asked == [("sql", "select 1")]
    assert body["truncated"] is True
    assert body["rows"] == [
        [
            None, True, 7, "1152921504606846976", 0.5, "nan", "1.10", "é", "01ff",
            "2026-11-21T10:00:00+00:00", "2026-11-21", 90.0,
            "00000000-0000-0000-0000-000000000005", {"a": [1, "2"]},
        ]
    ]  # fmt: skip


def test_bad_sql_is_explained(site: "Site", collector: "FakeCollector") -> None:
    collector.failure = Refused(400, "bad_sql", "only SELECT is answered here")

    answer = site.post("/api/v1/sql", json={"query": "drop table events"})

    assert (answer.status_code, answer.json()) == (400, {"detail": "only SELECT is answered here"})


@pytest.mark.parametrize(
    "body", [{}, {"query": ""}, {"query": 1}, {"query": "select 1", "limit": 5}, {"sql": "x"}]
)
def test_sql_without_a_query_is_refused(site: "Site", body: dict[str, Any]) -> None:
    answer = site.post("/api/v1/sql", json=body)

    assert answer.status_code == 400
    assert '{"query": "select …"}' in answer.json()["detail"]


def test_half_a_character_in_a_query_is_refused(site: "Site", collector: "FakeCollector") -> None:
    answer = site.post(
        "/api/v1/sql",
        content=b'{"query": "select \'\\ud800\'"}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 400
    assert collector.asked == []


def test_alive_is_not_the_same_as_ready(site: "Site", collector: "FakeCollector") -> None:
    assert (site.get("/readyz").status_code, site.get("/healthz").status_code) == (200, 200)

    collector.reasons = ["the disk is full: 3 MiB free"]

    answer = site.get("/readyz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json() == {"ready": False, "reasons": ["the disk is full: 3 MiB free"]}
    assert site.get("/healthz").status_code == 200
