"""The page: every KPI with its state in words, nothing executable, nothing unescaped."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from loopgauge_catalog.states import State
from loopgauge_catalog.values import AccountingRow

from tests.support.every_kind import snapshot_of, value_of, whole_catalog

if TYPE_CHECKING:
    from tests.conftest import FakeCollector, Site, SnapshotBuilder


class _Page(HTMLParser):
    """The tags, the links and the text of a page, as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []
        self._text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())


def _page(site: "Site", path: str = "/") -> _Page:
    return _Page(site.get(path).text)


def test_the_page_shows_every_kpi_grouped_by_product_and_table(site: "Site") -> None:
    text = _page(site).text

    order = [
        "Podcast sponsor attribution", "Activity", "Campaigns created", "API", "API latency",
        "API error rate", "Beta score", "Quality", "Coverage of critical paths",
        "Automated video production", "Cost", "Spend",
    ]  # fmt: skip
    text = text[text.index("State KPI Value") - 60 :]
    positions = [text.index(words) for words in order]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    "words",
    [
        "Snapshot 7 , as of 2026-11-21 10:30:00 UTC",
        "lag 250 ms",
        "quarantined 8 !",
        "unassigned 7 !",
        "events stored 1,507",
        "● ok API latency C10 How long a request takes. Users feel it.",
        "p95 250 ms p50 80 ms · p99 1.5 s 99.10 % within target – < 2s for 95% 1,000 1h 42 min",
        "▲ breach API error rate C9a",
        "3.4 % – < 1% 500 1h",
        "○ no data Beta score C17 To instrument: campaigns never sent beta.scored – – ≥ 4.5 0",
        "◑ stale Coverage of critical paths",
        "71 % last event 3 s ago – > 60% stretch 80% assumed",
        "2 pending",
    ],
)
def test_the_page_says_it_in_words(site: "Site", words: str) -> None:
    assert words in _page(site).text


def test_what_a_replay_stored_is_stored(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    replayed = (
        AccountingRow("campaigns", "campaign-api", "replayed", "stored", 5),
        AccountingRow("", "stranger", "replayed", "stored", 1),
        AccountingRow("campaigns", "campaign-api", "replayed", "duplicate", 2),
    )
    health = build.health(accounting=build.health().accounting + replayed)
    collector.snapshots.publish(build.snapshot(number=8, health=health))

    text = _page(site).text

    assert "events stored 1,513" in text
    assert "unassigned 8 !" in text


def test_a_breach_that_may_be_chance_says_so(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    value = build.value("campaigns.api_errors", 0.03, state=State.BREACH)
    collector.snapshots.publish(build.snapshot(value))

    assert "breach, not sure" in _page(site).text


def test_every_state_has_a_word_and_a_sign_of_its_own(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    signs = set()
    for number, state in enumerate(State, 10):
        value = build.value("campaigns.api_errors", 0.5, state=state, sure=True)
        collector.snapshots.publish(build.snapshot(value, number=number))
        words = _page(site).text.partition("Since ")[2].split(" API error rate")[0]
        sign, _, word = words.partition(" ")
        assert word.startswith(state.value.replace("_", " "))
        signs.add(sign)

    assert len(signs) == len(State)


def test_every_kind_stands_on_the_page_with_its_trend_and_its_steps(
    site: "Site", collector: "FakeCollector"
) -> None:
    catalog = whole_catalog()
    values = [value_of(kpi, catalog) for kpi in catalog.kpis()]
    collector.snapshots.publish(replace(snapshot_of(catalog, *values), number=8))

    text = _page(site).text

    assert "p80 14 m p50 7 m · p95 13 m 18 s 91.0 % within target 7 pending ↑ good from" in text
    assert "created 100 % attribution configured 50 % after 1 m 30 s report generated" in text
    assert "66.7 of 100 rests on 78.3 of 100 best case 88.3" in text
    assert "page unless ≤ 200%" in text
    assert "None" not in text.replace("Nobody", "")


def test_the_page_has_no_script_and_no_style_of_its_own(site: "Site") -> None:
    page = _page(site)

    assert not {"script", "style", "iframe", "form", "object"} & set(page.tags)
    assert "style" not in page.attributes
    assert not [name for name in page.attributes if name.startswith("on")]
    policy = site.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_words_of_others_stay_words(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }}"
    value = build.value("campaigns.api_errors", needs=(hostile,))
    named = value.kpi.model_copy(update={"title": hostile, "means": hostile, "row": hostile})
    collector.snapshots.publish(build.snapshot(replace(value, kpi=named)))
    collector.reasons = [hostile]

    page = _page(site)

    assert page.text.count("<script>alert(1)</script>\"'><img src=x onerror=alert(1)>") == 5
    assert "49" not in page.text
    assert "script" not in page.tags
    assert page.tags.count("img") == 1
    assert "onerror" not in page.attributes


def test_every_link_of_the_page_leads_somewhere(site: "Site") -> None:
    links = {link for link in _page(site).links if not link.startswith("#")}

    assert len(links) > 10
    for link in links:
        assert link.startswith("/"), link
        assert site.get(link).status_code == 200, link


def test_the_filters_narrow_the_table_and_keep_each_other(site: "Site") -> None:
    page = _page(site, "/?state=ok&product=campaigns")

    table = page.text.partition("State KPI Value")[2]
    assert "API latency" in table
    assert "API error rate" not in table
    assert "Spend" not in table
    assert "/?product=campaigns&state=breach" in page.links
    assert "/?product=ytempire&state=ok" in page.links
    assert "/?product=campaigns" in page.links


def test_a_filter_without_a_match_says_so(site: "Site") -> None:
    answer = site.get("/?state=rebuilding")

    assert answer.status_code == 200
    assert "No KPI is like that now" in answer.text


@pytest.mark.parametrize("path", ["/?product=campaign", "/?state=<script>", "/?x=1"])
def test_a_filter_that_does_not_exist_is_a_page_that_leads_back(site: "Site", path: str) -> None:
    answer = site.get(path)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "/" in _Page(answer.text).links
    assert "<script>" not in answer.text


def test_before_the_first_evaluation_the_page_waits(make_site: Callable[[], "Site"]) -> None:
    answer = make_site().get("/")

    assert answer.status_code == 200
    assert "Nothing is evaluated yet" in answer.text
    assert '<meta http-equiv="refresh" content="2">' in answer.text


def test_reasons_for_not_being_ready_stand_on_top(site: "Site", collector: "FakeCollector") -> None:
    collector.reasons = ["the disk is full: 3 MiB free"]

    assert "Not ready. the disk is full: 3 MiB free" in _page(site).text


def test_old_numbers_say_how_old_they_are(
    collector: "FakeCollector", build: "SnapshotBuilder", make_site: Callable[..., "Site"]
) -> None:
    collector.snapshots.publish(build.snapshot())
    fresh = make_site(now=lambda: build.now + timedelta(seconds=2))
    late = make_site(now=lambda: build.now + timedelta(minutes=3))

    assert "The evaluation has stopped" not in _page(fresh).text
    assert "These numbers are 3 min old." in _page(late).text


def test_the_page_looks_again_every_ten_seconds(site: "Site") -> None:
    assert '<meta http-equiv="refresh" content="10">' in site.get("/").text


def test_the_stylesheet_knows_dark_rooms_and_phones(site: "Site") -> None:
    answer = site.get("/style.css")

    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "prefers-color-scheme: dark" in answer.text
    assert "@media (max-width" in answer.text
