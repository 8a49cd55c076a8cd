"""The commands against a real collector: what they say is what it stored."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from loopgauge._ids import uuid7
from loopgauge_cli.app import app
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from tests.cli.conftest import Server

MAIN = (sys.executable, "-m", "loopgauge_cli.main")


@pytest.fixture
def ask(live: "Server", monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command against the collector."""
    monkeypatch.setenv("LOOPGAUGE_ENDPOINT", live.url)
    monkeypatch.setenv("LOOPGAUGE_PRODUCT", "shop")
    return lambda *words, **given: CliRunner().invoke(app, list(words), **given)


def _sql(ask: Callable[..., Result], query: str) -> list[list[Any]]:
    rows: list[list[Any]] = json.loads(ask("sql", query, "--json").stdout)["rows"]
    return rows


def _attributes(ask: Callable[..., Result], name: str) -> list[dict[str, Any]]:
    rows = _sql(ask, f"select attributes from events where name = '{name}' order by time, id")
    return [json.loads(text) for (text,) in rows]


def _until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def _kpi(ask: Callable[..., Result], key: str) -> dict[str, Any]:
    kpis = json.loads(ask("kpis", "--json").stdout)["kpis"]
    found: dict[str, Any] = next(kpi for kpi in kpis if kpi["id"] == f"shop.{key}")
    return found


def test_an_event_is_stored_once_and_counts(ask: Callable[..., Result]) -> None:
    words = ["emit", "order.placed", "order.id=o-1", "amount=12.50", "paid=true"]
    now = datetime.now(UTC)
    same = ["--id", uuid7(time.time_ns()), "--time", now.isoformat()]

    stored, again = ask(*words, *same), ask(*words, *same)
    other = ask(*words, same[0], same[1], "--time", (now - timedelta(seconds=1)).isoformat())

    assert (stored.exit_code, again.exit_code, other.exit_code) == (0, 0, 1)
    assert stored.stdout == f"stored ({same[1]})\n"
    assert again.stdout.startswith("duplicate: ")
    assert other.stdout.startswith("quarantined, id_conflict: ")
    assert _attributes(ask, "order.placed") == [{"order.id": "o-1", "amount": 12.5, "paid": True}]
    _until(lambda: _kpi(ask, "orders")["value"] == 1.0)
    assert _kpi(ask, "orders")["state"] == "ok"


def test_an_event_in_quarantine_is_a_no_with_its_reason(ask: Callable[..., Result]) -> None:
    result = ask("emit", "order.placed", "amount=many", "order.id=o-2")

    assert result.exit_code == 1
    assert result.stdout.startswith("quarantined, ")


def test_the_quarantine_is_listed_shown_replayed_and_dropped(ask: Callable[..., Result]) -> None:
    ask("emit", "order.placed")
    events = json.loads(ask("quarantine", "list", "--json").stdout)["events"]
    number = str(events[0]["number"])
    assert events[0]["reason"] == "missing_attribute"

    assert "missing_attribute" in ask("quarantine", "list", "--product", "shop").stdout
    assert "No such event" in ask("quarantine", "list", "--reason", "in_future").stdout
    narrow = ask("quarantine", "list", env={"COLUMNS": "80"}).stdout
    assert events[0]["received"][:19].replace("T", " ") in narrow
    assert "order.placed" in narrow
    assert "missing_attribute" in narrow
    shown = ask("quarantine", "show", number)
    assert "reason    missing_attribute" in shown.stdout
    assert '"name": "order.placed"' in shown.stdout

    replayed = ask("quarantine", "replay", number)
    assert replayed.exit_code == 1
    assert "1 stay in quarantine" in replayed.stdout

    assert ask("quarantine", "drop", number, input="n\n").exit_code == 1
    assert json.loads(ask("quarantine", "show", number, "--json").stdout)["number"] == int(number)
    assert ask("quarantine", "drop", number, "--yes").stdout == "1 dropped\n"
    assert ask("quarantine", "show", number).exit_code == 1


def test_the_whole_quarantine_can_be_chosen(ask: Callable[..., Result]) -> None:
    for _ in range(3):
        ask("emit", "order.placed")

    replayed = json.loads(ask("quarantine", "replay", "--all", "--json").stdout)
    dropped = ask("quarantine", "drop", "--reason", "missing_attribute", "--yes")

    assert len(replayed["quarantined"]) >= 3
    assert int(dropped.stdout.split()[0]) >= 3
    assert json.loads(
        ask("quarantine", "list", "--reason", "missing_attribute", "--json").stdout
    ) == {"events": []}


@pytest.mark.parametrize("verb", ["replay", "drop"])
@pytest.mark.parametrize("choice", [[], ["1", "--all"], ["1", "--reason", "x"]])
def test_a_choice_that_is_none_is_refused(
    ask: Callable[..., Result], verb: str, choice: list[str]
) -> None:
    result = ask("quarantine", verb, *choice)

    assert result.exit_code == 2
    assert "--reason, --product or --all" in result.stderr


def test_the_table_has_every_kpi_and_what_it_needs(ask: Callable[..., Result]) -> None:
    result = ask("kpis")

    assert result.exit_code == 0
    assert "Snapshot " in result.stdout
    assert "shop.refunds" in result.stdout
    assert "no data" in result.stdout
    assert "needs: " in result.stdout
    assert "refund.paid" in result.stdout


def test_the_table_can_be_narrowed_and_says_when_nothing_is_left(
    ask: Callable[..., Result],
) -> None:
    assert "shop.refunds" in ask("kpis", "--state", "no_data").stdout
    assert ask("kpis", "--state", "unpriced").stdout.endswith("No KPI is like that now.\n")
    refused = ask("kpis", "--product", "shoop")
    assert refused.exit_code == 1
    assert "did you mean 'shop'?" in refused.stderr


def test_sql_answers_in_three_forms(ask: Callable[..., Result]) -> None:
    query = "select '=1+1' as a, 2 as b, null as c"

    table = ask("sql", query)
    as_json = json.loads(ask("sql", query, "--json").stdout)
    as_csv = list(csv.reader(io.StringIO(ask("sql", "-", "--csv", input=query).stdout)))

    assert "=1+1" in table.stdout
    assert table.stdout.endswith("1 row\n")
    assert as_json == {"columns": ["a", "b", "c"], "rows": [["=1+1", 2, None]], "truncated": False}
    assert as_csv == [["a", "b", "c"], ["'=1+1", "2", ""]]


@pytest.mark.parametrize(
    "query",
    ["drop table events", "select 1; select 2", "selct 1", "", "insert into events values (1)"],
)
def test_sql_that_is_no_select_is_a_no(ask: Callable[..., Result], query: str) -> None:
    result = ask("sql", query)

    assert result.exit_code == 1
    assert result.stderr.startswith("loopgauge: ")
    assert result.stdout == ""


def test_more_rows_than_the_limit_are_said_to_be_cut(ask: Callable[..., Result]) -> None:
    result = ask("sql", "select * from range(10001)", "--csv")

    assert len(result.stdout.splitlines()) == 10_001
    assert "there are more than these 10000 rows" in result.stderr


def test_a_rebuild_ends_and_changes_nothing(ask: Callable[..., Result]) -> None:
    before = _kpi(ask, "orders")["value"]

    one = ask("rebuild", "shop.orders")
    every = ask("rebuild")

    assert (one.exit_code, one.stdout) == (0, "1 KPI rebuilt\n")
    assert (every.exit_code, every.stdout) == (0, "4 KPIs rebuilt\n")
    assert _kpi(ask, "orders")["value"] == before


def test_a_rebuild_of_an_unknown_kpi_is_a_no(ask: Callable[..., Result]) -> None:
    result = ask("rebuild", "shop.order")

    assert result.exit_code == 1
    assert "did you mean 'shop.orders'?" in result.stderr


def test_the_doctor_names_what_is_wrong_and_what_to_do(ask: Callable[..., Result]) -> None:
    ask("emit", "order.plcaed")
    ask("emit", "order.placed", "order.id=o-9", "--product", "shoop")
    ask("emit", "order.placed")
    # What arrives is known once it is folded, a moment after the acknowledgement.
    _until(lambda: {"quarantine", "unassigned", "unknown_events"} <= _codes(ask))

    result = ask("doctor")
    body = json.loads(ask("doctor", "--json").stdout)

    assert result.exit_code == 1
    about = {finding["code"]: finding["about"] for finding in body["findings"]}
    assert body["ok"] is False
    assert any("shop.refunds: " in line and "refund.paid" in line for line in about["no_data"])
    assert any(line.startswith("order.plcaed from ") for line in about["unknown_events"])
    assert any("(shoop)" in line for line in about["unassigned"])
    assert any(line.startswith("missing_attribute: ") for line in about["quarantine"])
    assert "✗ " in result.stdout
    assert "→ instrument what each needs" in result.stdout
    assert "received = " in result.stdout


def _codes(ask: Callable[..., Result]) -> set[str]:
    findings = json.loads(ask("doctor", "--json").stdout)["findings"]
    return {finding["code"] for finding in findings}


def test_a_deployment_that_is_run_is_two_events_of_one_subject(
    ask: Callable[..., Result], live: "Server"
) -> None:
    done = subprocess.run(
        [*MAIN, "run", "--as", "deploy", "--attr", "target=prod", "--product", "shop",
         "--url", live.url, "--", "sh", "-c", "exit 3"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (3, "")
    (started,), (finished,) = (
        _attributes(ask, "deploy.started"),
        _attributes(ask, "deploy.finished"),
    )
    assert set(started) == {"deploy.id", "target"}
    assert finished["deploy.id"] == started["deploy.id"]
    assert (finished["outcome"], finished["exit_code"]) == ("failed", 3)
    assert finished["target"] == "prod"
    assert 0 < finished["duration"] < 60


def test_a_probe_sends_what_it_saw(
    ask: Callable[..., Result], web: Callable[..., str], closed_port: int
) -> None:
    up = ask("probe", web(204), "--as", "good", "--count", "1")
    down = ask("probe", web(503), "--as", "bad", "--count", "2", "--every", "10ms")
    gone = ask("probe", f"http://127.0.0.1:{closed_port}/", "--as", "gone", "--count", "1")

    assert up.stdout.startswith("good is up (answered 204")
    assert down.stdout.startswith("bad is DOWN (answered 503")
    assert down.stdout.endswith("2 checks, 0 of them not sent\n")
    assert gone.stdout.startswith("gone is DOWN (failed: ConnectError")
    seen = [
        (one["probe.component"], one["probe.location"], one["outcome"],
         one.get("http.response.status_code"), one.get("error.type"))
        for one in _attributes(ask, "probe.checked")
    ]  # fmt: skip
    assert seen == [
        ("good", "local", "ok", 204, None),
        ("bad", "local", "failed", 503, None),
        ("bad", "local", "failed", 503, None),
        ("gone", "local", "failed", None, "ConnectError"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["localhost:80", "--as", "x"], "write it as http://"),
        (["http://127.0.0.1", "--as", "x", "--every", "15"], "no duration"),
        (["http://127.0.0.1", "--as", "x", "--every", "often"], "--every"),
    ],
)
def test_a_probe_of_nothing_is_refused(
    ask: Callable[..., Result], words: list[str], said: str
) -> None:
    result = ask("probe", *words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_ctrl_c_ends_a_probe_cleanly(live: "Server", web: Callable[..., str]) -> None:
    process = subprocess.Popen(
        [*MAIN, "probe", web(200), "--as", "x", "--every", "1h", "--product", "shop",
         "--url", live.url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("x is up")

    os.kill(process.pid, signal.SIGINT)

    out, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert out == "1 check, 0 of them not sent\n"
