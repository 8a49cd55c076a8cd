"""The handbook explains every KPI, with its own numbers, and leads where it says."""

import re
from pathlib import Path

import pytest
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.handbook import handbook
from loopgauge_catalog.loader import load, samples
from loopgauge_catalog.rows import expand

HERE = Path(__file__).parent
COMMITTED = HERE.parents[1] / "docs" / "kpis.md"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Two catalogs that together have every kind."""
    return load([HERE / "shop.yaml", HERE / "studio.yaml"])


@pytest.fixture(scope="module")
def page(catalog: Catalog) -> str:
    """Their handbook."""
    return handbook(catalog)


def _entry(page: str, kpi_id: str) -> str:
    """What stands about one KPI."""
    return page.partition(f'<a id="{kpi_id}"></a>')[2].partition("\n#")[0]


def test_the_committed_page_is_that_of_the_shipped_catalogs() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == handbook(samples()), "run make gen"


def test_every_row_of_the_documents_stands_there_in_its_order() -> None:
    catalog = samples()
    page = handbook(catalog)

    rows = re.findall(r"^#### <a [^>]*></a>([A-Z][0-9]+[a-z]?) ", page, re.MULTILINE)

    assert len(rows) == 80
    documents = [
        [part for text in product.rows for part in expand(text)]
        for product in catalog.products.values()
    ]
    assert rows == sorted(
        (row for document in documents for row in document),
        key=lambda row: (row[0], int(re.sub(r"\D", "", row)), row),
    )


def test_every_link_has_one_place_that_it_leads_to(page: str) -> None:
    links = re.findall(r"\]\(#([^)]+)\)", page)
    anchors = re.findall(r'<a id="([^"]+)">', page)

    assert links == anchors
    assert len(set(anchors)) == len(anchors)


def test_every_kpi_says_what_the_catalog_says(page: str, catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        entry = _entry(page, kpi.id)
        assert entry.startswith(f"{kpi.row} {kpi.title}\n")
        for words in (kpi.means, kpi.decides):
            assert words is None or " ".join(words.split()) in entry
        for event in {use.event for use in kpi.uses}:
            assert f"  - `{event}`" in entry
        for attribute in kpi.attributes:
            assert f"`{attribute}`" in entry
        if kpi.alert is not None:
            assert kpi.alert.team in entry


@pytest.mark.parametrize(
    ("kpi_id", "words"),
    [
        ("studio.making", "the time from `film.ordered` to `film.done` or `film.shown`"),
        ("studio.making", "not there within 2 hours counts as never getting there"),
        ("studio.making", "`film.failed` counts as not done, unless the end still follows in time"),
        ("studio.making", "`reason` is `withdrawn` before the end takes it out altogether"),
        ("studio.making", "beside it p50 and p95, of those who began in the last 7 days;"),
        ("studio.making", "in the 7 days that ended 15 minutes ago"),
        ("studio.making", "Whoever began, has not ended and still can is shown as pending"),
        ("studio.making", "`film.failed` with `film.id` (optional; no rhythm is declared)"),
        ("studio.making", "**Target.** At least 80% take at most 15 minutes."),
        ("studio.making", "for every `genre` with enough samples too. Judged from 25 samples on"),
        ("studio.making", "Note when at least 50% take less than 5 minutes: “That is quick.”"),
        ("studio.making", "crew (#crew) gets a ticket when it was missed for 1 hour."),
        ("studio.making", "at least 50% take at most 15 minutes: crew (#crew) is paged as soon"),
        ("studio.closing", "`film.closed` in the last 28 days, the time since its `film.ordered`"),
        ("studio.finishing", "share that gets to `film.done` within 30 minutes"),
        ("studio.finishing", "More than 95%. Judged from 100 samples on"),
        ("studio.path", "ordered (`film.ordered`) → made (`film.done` or `film.closed`) → shown"),
        ("studio.waiting", "had `film.ordered` and not yet `film.done` or `film.failed`."),
        ("studio.busiest", "after 24 hours it is taken for gone. The value is the most at one"),
        ("studio.busiest", "in the running month"),
        ("studio.people", "The last complete week stands beside it"),
        ("studio.people", "different `user.id` that had `film.ordered` or `film.shown` where"),
        ("studio.askers", "the share that had `film.shown`"),
        ("studio.faults_per_film", "in the running sprint. With nothing to divide by"),
        ("studio.spend", "the quantity at the price that held at that time"),
        ("studio.film_cost", "number of `film.id` whose first `film.done` fell into that time"),
        ("studio.budget_left", "`cost.kind` is `render` or `voice` add up to since the month"),
        ("studio.budget_left", "(Europe/Berlin), and what the rest of the month will cost"),
        ("studio.budget_left", "as a share of $500"),
        ("studio.quota", "today (America/Los_Angeles), each `account.id` by itself"),
        ("studio.up", "slots of 1 minute"),
        ("studio.up", "is paged when failures use up the error budget of 28 days fast"),
        ("studio.making", "crew (#crew) is paged as soon as it is surely missed"),
        ("studio.drift", "with the time from 2026-01-05 to 2026-01-12"),
        ("studio.lost", "Every process of `studio-*` numbers its events"),
        ("studio.lost", "in the 24 hours that ended 15 minutes ago that never came"),
        ("studio.lost", "LoopGauge sends it by itself"),
        ("studio.engagement", "divided by the growth of `views`"),
        ("studio.reading_age", "nothing for 30 days or what `channel.closed` names counts no more"),
        ("studio.checked", "100% when, in the newest `probe.checked`, `outcome` is `ok`, else 0%"),
        ("studio.reached", "at most 5 points behind `planned` (T21), at risk up to 15 points"),
        ("studio.good_enough", "Of each `film.id` only the newest counts, at its own time"),
        ("studio.good_enough", "What matched is also shown for each `genre`, as a share of all"),
        ("studio.refused", "Each counts as many times as its `loop.events` says"),
        ("studio.health_score", "System (60): Uptime (T14) and Drift (T15); Films (40): Time to"),
        ("studio.health_score", "Reached (T22) against Planned"),
        ("studio.planned", "Stale as soon as one of them says nothing for 7 days."),
        ("studio.engagement", "less the one before that time, or else the first in it"),
        ("shop.holes", "nothing for 2 days, unless the others miss the target already"),
        ("shop.holes", "`part.retired` (optional; a report; silence is normal)"),
        ("shop.latency", "the 95th percentile, beside it p50 and p99, of `duration`"),
        ("shop.latency", "At least 95% take less than 2 seconds"),
        ("studio.drift", '`studio_drift{stat="value",window="24h"}` on `/metrics`'),
    ],
)
def test_how_it_is_computed_is_said_with_the_rows_own_numbers(
    page: str, kpi_id: str, words: str
) -> None:
    assert words in _entry(page, kpi_id)


def test_what_the_document_leaves_open_is_named_with_what_was_chosen() -> None:
    entry = _entry(handbook(samples()), "campaigns.ttfv")

    assert "**Assumed.** Limit (7 days), window (28 days)." in entry


def test_another_environment_than_production_is_named(tmp_path: Path) -> None:
    text = (HERE / "shop.yaml").read_text(encoding="utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(
        text.replace("kind: mean", "kind: mean\n        environment: staging"), encoding="utf-8"
    )
    page = handbook(load([path]))

    assert "Only events of `staging` count, or of no environment." in _entry(page, "shop.rating")
    assert page.count("`staging`") == 1


@pytest.mark.parametrize(
    ("kpi_id", "words"),
    [
        # A week is counted by quarters of an hour, an hour by minutes.
        ("ytempire.pipeline_latency", "in the 7 days that ended 15 minutes ago"),
        ("campaigns.attribution_latency", "in the hour that ended 1 minute ago"),
        ("musicgen.generation_success", "in the 24 hours that ended 30 minutes ago"),
        ("ytempire.queue_wait", "of those who began in the last 7 days"),
    ],
)
def test_whom_a_number_is_about_is_said_exactly(kpi_id: str, words: str) -> None:
    assert words in _entry(handbook(samples()), kpi_id)
