"""What the doctor calls wrong, what is only not instrumented yet, and the exit code of each."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from loopgauge_cli.app import app
from typer.testing import CliRunner, Result

from tests.cli.conftest import CATALOG

if TYPE_CHECKING:
    from tests.cli.conftest import Server

STORE = """
product: store
title: Shop on the corner
tables:
  main:
    title: Main
    kpis:
      visits: {row: K1, title: Visits, kind: count, event: door.opened, window: 7d}
      sales: {row: K2, title: Sales, kind: count, event: till.closed, window: 7d}
events: {door.opened: {}, till.closed: {}}
"""


@pytest.fixture
def ask(
    serve: Callable[..., "Server"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs a command against a new collector of two products."""
    (tmp_path / "shop.yaml").write_text(CATALOG)
    (tmp_path / "store.yaml").write_text(STORE)
    server = serve("--catalog", "shop.yaml", "--catalog", "store.yaml")
    monkeypatch.setenv("LOOPGAUGE_ENDPOINT", server.url)
    return lambda *words: CliRunner().invoke(app, list(words))


def _findings(ask: Callable[..., Result]) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in json.loads(ask("doctor", "--json").stdout)["findings"]}


def _until_found(ask: Callable[..., Result], codes: set[str]) -> dict[str, dict[str, Any]]:
    deadline = time.monotonic() + 30
    while (found := _findings(ask)).keys() != codes:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_products_that_never_sent_anything_have_a_line_each_and_nothing_is_wrong(
    ask: Callable[..., Result],
) -> None:
    result, body = ask("doctor"), json.loads(ask("doctor", "--json").stdout)

    (finding,) = body["findings"]
    assert (finding["code"], finding["wrong"]) == ("never_sent", False)
    assert finding["about"] == [
        "shop (Web shop): 4 KPIs wait for it",
        "store (Shop on the corner): 2 KPIs wait for it",
    ]
    assert body["ok"] is True
    assert result.exit_code == 0
    assert "○ 2 products never sent anything" in result.stdout
    assert "✗" not in result.stdout
    assert "✓ nothing is lost, late or unknown" in result.stdout
    assert "shop.orders" not in result.stdout


def test_of_a_product_that_sends_every_unfed_kpi_is_listed_with_what_it_needs(
    ask: Callable[..., Result],
) -> None:
    ask("emit", "order.placed", "order.id=o-1", "--product", "shop")
    deadline = time.monotonic() + 30
    # It is acknowledged a moment before it is folded, and fed only then.
    while "shop.orders: " in str((found := _findings(ask)).get("no_data", "shop.orders: ")):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)

    result = ask("doctor")

    assert found["never_sent"]["about"] == ["store (Shop on the corner): 2 KPIs wait for it"]
    assert [line.split(": ")[0] for line in found["no_data"]["about"]] == [
        "shop.deployments",
        "shop.up",
        "shop.refunds",
    ]
    assert found["no_data"]["text"] == "3 of 4 KPIs of the products that send were never fed"
    assert found["no_data"]["wrong"] is False
    assert any("refund.paid" in line for line in found["no_data"]["about"])
    assert result.exit_code == 0


def test_a_product_whose_every_event_is_in_quarantine_does_send_and_that_is_wrong(
    ask: Callable[..., Result],
) -> None:
    ask("emit", "order.placed", "--product", "shop")
    found = _until_found(ask, {"quarantine", "never_sent", "no_data"})

    result, body = ask("doctor"), json.loads(ask("doctor", "--json").stdout)

    assert [one["code"] for one in body["findings"] if one["wrong"]] == ["quarantine"]
    assert body["findings"][0]["code"] == "quarantine"
    assert len(found["no_data"]["about"]) == 4
    assert (result.exit_code, body["ok"]) == (1, False)
    assert "✗ 1 event waits in quarantine" in result.stdout
    assert "✓" not in result.stdout


def test_refused_requests_are_said_with_their_bytes(ask: Callable[..., Result]) -> None:
    from loopgauge_cli._client import Client

    with Client() as client:
        client.exchange("POST", "/v1/events", json={"events": 7})
    found = _until_found(ask, {"refused", "never_sent"})

    assert found["refused"]["about"] == ["malformed_json: 1 (12 B)"]
    assert found["refused"]["wrong"] is True


def test_with_everything_fed_there_is_nothing_to_say(
    serve: Callable[..., "Server"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store.yaml").write_text(STORE)
    monkeypatch.setenv("LOOPGAUGE_ENDPOINT", serve("--catalog", "store.yaml").url)

    def ask(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    ask("emit", "door.opened", "--product", "store")
    ask("emit", "till.closed", "--product", "store")
    _until_found(ask, set())

    result = ask("doctor")

    assert result.exit_code == 0
    assert result.stdout.endswith("✓ everything is fed and nothing is lost\n")
