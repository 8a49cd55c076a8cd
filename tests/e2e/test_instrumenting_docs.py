"""docs/instrumenting.md is run as it stands: its catalog, its Python, its curl."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.collector import RunningCollector, serving
from tests.support.program import ROOT
from tests.support.servers import require_program

PAGE = ROOT / "docs" / "instrumenting.md"
EXAMPLES = ROOT / "examples"


def blocks(language: str) -> list[str]:
    """The page's code in a language."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector with the page's catalog, after all its Python has run as one script."""
    folder = tmp_path_factory.mktemp("docs")
    catalog = folder / "shop.yaml"
    catalog.write_text("\n".join(blocks("yaml")), encoding="utf-8")
    with serving(folder, catalog) as running:
        subprocess.run(
            [sys.executable, "-W", "error", "-c", "\n".join(blocks("python"))],
            env={
                "LOOPGAUGE_ENDPOINT": running.url,
                "OTEL_EXPORTER_OTLP_ENDPOINT": running.url,
                "PYTHONUTF8": "1",
            },
            cwd=folder,
            check=True,
            timeout=60,
        )
        yield running


def test_the_library_and_opentelemetry_feed_the_catalogs_kpis(collector: RunningCollector) -> None:
    collector.settled()
    kpis = collector.kpis()

    # o-1001 and o-1005; o-1002 was only collected, o-1003 comes by curl.
    assert kpis["shop.orders"]["value"] - ("o-1003" in stored_orders(collector)) == 2
    assert kpis["shop.payments_failed"]["value"] == 0
    assert kpis["shop.payments_failed"]["samples"] == 1


def test_the_curl_line_stores_an_order(collector: RunningCollector) -> None:
    require_program("curl")
    (line,) = blocks("sh")

    done = subprocess.run(
        ["sh", "-c", line.replace("http://127.0.0.1:4318", collector.url)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert '{"accepted":1,"duplicates":0,"quarantined":[]}' in done.stdout.replace(" ", "")
    assert "o-1003" in stored_orders(collector)


def test_nothing_on_the_page_is_quarantined(collector: RunningCollector) -> None:
    collector.settled()

    assert set(collector.get("/api/v1/status")["pipeline"]["events"]) == {"stored", "received"}


@pytest.mark.parametrize(
    "page", [PAGE, *sorted(EXAMPLES.glob("*/README.md"))], ids=lambda page: page.parent.name
)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    headings = {
        heading.lower().replace(" ", "-").replace(",", "").rstrip("?")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }

    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("http"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def stored_orders(collector: RunningCollector) -> set[str]:
    """The order ids among the stored events."""
    query = "select json_extract_string(attributes, '$.\"order.id\"') from events"
    answer = collector.client.post("/api/v1/sql", json={"query": query})
    answer.raise_for_status()
    return {row[0] for row in answer.json()["rows"] if row[0]}
