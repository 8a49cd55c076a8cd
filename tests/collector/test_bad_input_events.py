"""Rows 41 to 51 of the catalogue: the fields of an event."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.collector.conftest import Probe

LEFT_OUT: Any = ...


def rejected(probe: Probe, **fields: Any) -> tuple[str, str]:
    """Reason and detail of an event with these fields, sent beside a good one; then all works."""
    answer = probe.running.send(probe.event(), probe.event(**fields))
    assert (answer.status, answer.json()["accepted"]) == (200, 1), answer
    (one,) = answer.json()["quarantined"]
    assert one["index"] == 1
    probe.sees(stored=1, **{f"quarantined__{one['reason']}": 1})
    return one["reason"], one["detail"]


def stored(probe: Probe, **fields: Any) -> dict[str, Any]:
    """What is stored of an event with these fields."""
    answer = probe.running.send(probe.event(**fields))
    assert answer.json()["accepted"] == 1, answer
    row = probe.running.stored()[-1]
    probe.sees(stored=1)
    return row


@pytest.mark.parametrize("identity", [LEFT_OUT, None, ""])
def test_an_event_without_an_id_is_rejected(probe: Probe, identity: object) -> None:
    assert rejected(probe, id=identity)[0] == "missing_id"


@pytest.mark.parametrize(
    "identity",
    [
        "x",
        "x" * 10_240,
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0197c3a27d1e7a349c550b1f5c7a9e21",
        "{0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e21}",
        "0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e2g",
        "0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e2 ",
        "0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e２",
        "0197c3a2_7d1e_7a34_9c55_0b1f5c7a9e21",
    ],
)
def test_an_id_that_is_no_uuid_is_rejected(probe: Probe, identity: str) -> None:
    assert rejected(probe, id=identity)[0] == "invalid_id"


@pytest.mark.parametrize("identity", [7, 1.5, True, {}, []])
def test_an_id_that_is_no_text_is_rejected(probe: Probe, identity: object) -> None:
    assert rejected(probe, id=identity)[0] == "wrong_type"


def test_the_same_event_again_is_a_duplicate_and_in_one_batch_too(probe: Probe) -> None:
    event = probe.event()

    assert probe.running.send(event, event).json() == {
        "accepted": 1,
        "duplicates": 1,
        "quarantined": [],
    }
    assert probe.running.send(event).json()["duplicates"] == 1
    probe.sees(stored=1, duplicate=2)


def test_an_id_with_another_payload_is_a_conflict_and_the_first_one_stays(probe: Probe) -> None:
    event = probe.event()
    other = event | {"attributes": {"order.id": "another"}}

    assert probe.running.send(event).json()["accepted"] == 1
    (conflict,) = probe.running.send(other).json()["quarantined"]

    assert (conflict["index"], conflict["id"]) == (0, event["id"])
    assert conflict["reason"] == "id_conflict"
    rows = [row for row in probe.running.stored() if str(row["id"]) == event["id"]]
    assert [json.loads(row["attributes"]) for row in rows] == [event["attributes"]]
    probe.sees(stored=1, quarantined__id_conflict=1)


def test_of_two_payloads_with_one_id_in_a_batch_the_first_one_wins(probe: Probe) -> None:
    identity = probe.event.id()
    # The first one takes the thorough way through admission, the second the quick one.
    first = probe.event(id=identity, attributes={"order.id": "a\\b"})
    second = probe.event(id=identity, attributes={"order.id": "c"})

    answer = probe.running.send(first, second).json()

    assert [one["index"] for one in answer["quarantined"]] == [1]
    assert json.loads(probe.running.stored()[-1]["attributes"]) == {"order.id": "a\\b"}
    probe.sees(stored=1, quarantined__id_conflict=1)


def test_a_uuid7_is_kept_in_lower_case(probe: Probe) -> None:
    identity = probe.event.id()

    row = stored(probe, id=identity.upper())

    assert str(row["id"]) == identity
    assert "loopgauge.original_id" not in row["attributes"]


def test_another_uuid_becomes_one_that_follows_time_and_stays_as_attribute(probe: Probe) -> None:
    identity, moment = uuid4(), datetime.now(UTC) - timedelta(days=1)
    event = probe.event(id=str(identity), time=moment.isoformat())

    assert probe.running.send(event).json()["accepted"] == 1
    row = probe.running.stored()[-1]
    assert probe.running.send(event).json()["duplicates"] == 1

    assert (row["id"].version, row["id"].int >> 80) == (7, moment.timestamp() * 1000 // 1)
    assert json.loads(row["attributes"])["loopgauge.original_id"] == str(identity)
    probe.sees(stored=1, duplicate=1)


@pytest.mark.parametrize(
    "moment",
    [
        LEFT_OUT,
        None,
        "",
        "0",
        "now",
        "infinity",
        "-infinity",
        "9999-12-31",
        "-5000-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "999999-01-01T00:00:00Z",
        "2026-11-21T10:30:00",
        "2026-11-21T10:30Z",
        "2026-11-21T10:30:60Z",
        "2026-06-30T23:59:60Z",
        "2026-11-21T24:00:00Z",
        "2026-02-30T10:30:00Z",
        "2026-11-21T10:30:00+25:00",
        "2026-11-21T10:30:00 Europe/Berlin",
        "2026-11-21T10:30:00,5Z",
        "2026-11-21T10:30:00.Z",
        "2026-11-21T10:30:00.１Z",
        "2026-W47-6T10:30:00Z",
        "20261121T103000Z",
        "2026-11-21T10:30:00." + "1" * 60 + "Z",
        0,
        -1,
        1_795_257_000,
        1_795_257_000_000,
        1795257000.5,
        10**30,
        True,
        {"seconds": 1},
    ],
)
def test_a_time_that_is_no_moment_is_rejected(probe: Probe, moment: object) -> None:
    reason, detail = rejected(probe, time=moment)

    assert reason == "invalid_time"
    assert "time" in detail


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("9999-12-31T23:59:59Z", "in_future"),
        (timedelta(days=3650), "in_future"),
        (timedelta(seconds=602), "in_future"),
        (timedelta(days=-90, seconds=-2), "too_old"),
        ("1970-01-01T00:00:00Z", "too_old"),
        ("1969-12-31T23:59:59.999999Z", "too_old"),
        ("0001-01-01T00:00:00Z", "too_old"),
        ("0001-01-01T00:00:00+23:59", "too_old"),
        ("9999-12-31T23:59:59-23:59", "in_future"),
    ],
)
def test_a_time_far_from_now_is_rejected(
    probe: Probe, moment: str | timedelta, reason: str
) -> None:
    if isinstance(moment, timedelta):
        moment = (datetime.now(UTC) + moment).isoformat()

    assert rejected(probe, time=moment)[0] == reason


@pytest.mark.parametrize("shift", [timedelta(minutes=9, seconds=55), timedelta(days=-89)])
def test_a_time_within_the_bounds_is_stored(probe: Probe, shift: timedelta) -> None:
    moment = datetime.now(UTC) + shift

    assert stored(probe, time=moment.isoformat())["time"] == moment.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("fraction", "micros"),
    [("", 0), (".5", 500_000), (".123456", 123_456), (".999999999", 999_999), (".0000009", 0)],
)
@pytest.mark.parametrize("zone", ["Z", "z", "+00:00", "-00:00", "+05:30", "-03:00"])
def test_times_are_floored_to_the_microsecond_in_utc(
    probe: Probe, fraction: str, micros: int, zone: str
) -> None:
    whole = (datetime.now(UTC) - timedelta(hours=7)).replace(microsecond=0)
    local = whole
    if zone[0] in "+-":
        sign = -1 if zone[0] == "-" else 1
        local += sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))

    row = stored(probe, time=f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{zone}")

    assert row["time"] == whole.replace(tzinfo=None, microsecond=micros)


@pytest.mark.parametrize(
    "name",
    [
        LEFT_OUT,
        None,
        "",
        "order",
        "a." + "b" * 127,
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "'; drop table events;--",
        "=cmd|'/c calc'!A1",
        "a.b\nc",
        "a.b\n",
        "{{ .Labels }}",
        'up{x="',
        "order.\u202eplaced",
        "order.\u200bplaced",
        "café.opened",
        "cafe\u0301.opened",
        "order.😀",
        "__name__",
        "le",
        "constructor",
        "__proto__",
        "Order.placed",
        "order..placed",
        ".placed",
        "order.",
        "order.1st",
        "1.order",
    ],
)
def test_a_name_that_is_not_noun_verb_is_rejected_and_the_rule_is_named(
    probe: Probe, name: object
) -> None:
    reason, detail = rejected(probe, name=name)

    assert reason == "invalid_name"
    assert "noun.verb" in detail or "campaign.created" in detail
    assert detail.isascii()


def test_nobody_but_the_collector_says_what_became_of_a_batch(probe: Probe) -> None:
    reason, detail = rejected(probe, name="loop.batch_admitted")

    assert reason == "invalid_name"
    assert "collector" in detail


def test_a_name_that_the_catalog_does_not_know_is_stored(probe: Probe) -> None:
    row = stored(probe, name="never.heard_of", attributes={"a": None, "b": 1e308, "c": "12"})

    assert (row["name"], row["product"]) == ("never.heard_of", "shop")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({}, "missing_attribute"),
        ({"order.id": None}, "missing_attribute"),
        ({"order.id": 12}, "wrong_type"),
        ({"order.id": "1", "order.items": "12"}, "wrong_type"),
        ({"order.id": "1", "order.items": True}, "wrong_type"),
        ({"order.id": "1", "order.items": 2.0}, "wrong_type"),
        ({"order.id": "1", "order.items": [1]}, "nested_attribute"),
        ({"order.id": "1", "order.items": {"a": 1}}, "nested_attribute"),
        ({"order.id": "1", "order.items": -1}, "out_of_range"),
        ({"order.id": "1", "order.items": 101}, "out_of_range"),
        ({"order.id": "1", "order.weight": "heavy"}, "wrong_type"),
        ({"order.id": "1", "order.weight": False}, "wrong_type"),
        ({"order.id": "1", "order.weight": 1e308}, "number_out_of_range"),
        ({"order.id": "1", "order.weight": -(10**13)}, "number_out_of_range"),
        ({"order.id": "1", "order.gift": "true"}, "wrong_type"),
        ({"order.id": "1", "order.gift": 1}, "wrong_type"),
        ({"order.id": "1", "order.channel": "fax"}, "not_allowed"),
        ({"order.id": "1", "order.priority": 4}, "not_allowed"),
        ({"order.id": "1", "order.priority": "1"}, "wrong_type"),
        ({"order.id": "1", "": 1}, "invalid_attribute_name"),
        ({"order.id": "1", "x" * 129: 1}, "invalid_attribute_name"),
        ({"order.id": "1", "a\nb": 1}, "invalid_attribute_name"),
        ({"order.id": "x" * 4097}, "attribute_too_long"),
        ({"order.id": "1"} | {f"a{n}": n for n in range(64)}, "too_many_attributes"),
    ],
)
def test_an_attribute_that_does_not_fit_the_catalog_or_a_limit_is_rejected(
    probe: Probe, attributes: dict[str, Any], reason: str
) -> None:
    given, detail = rejected(probe, attributes=attributes)

    assert given == reason
    assert detail.isascii()


@pytest.mark.parametrize("attributes", [[], "x", 1, True])
def test_attributes_that_are_no_object_are_rejected(probe: Probe, attributes: object) -> None:
    assert rejected(probe, attributes=attributes)[0] == "wrong_type"


def test_a_negative_duration_is_rejected_without_a_minimum_in_the_catalog(probe: Probe) -> None:
    assert rejected(probe, name="api.request", attributes={"duration": -0.001})[0] == "out_of_range"


@pytest.mark.parametrize(
    "attributes",
    [
        {"order.id": "x" * 4096},
        {"order.id": "é" * 4096},
        {"order.id": "1"} | {f"a{n}": n for n in range(63)},
        {"order.id": "1", "order.items": 100, "order.weight": 5, "order.gift": False},
        {"order.id": "1", "order.weight": -0.5, "order.channel": "web", "order.priority": 3},
        {"order.id": "1", "x" * 128: "", "Größe": None, "a b": True},
        {"order.id": 'quotes " and \\ and \t and é and 😀'},
    ],
)
def test_attributes_up_to_every_limit_are_stored_as_they_came(
    probe: Probe, attributes: dict[str, Any]
) -> None:
    assert json.loads(stored(probe, attributes=attributes)["attributes"]) == attributes


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        (9.99, "EUR", "invalid_money"),
        ("9,99", "EUR", "invalid_money"),
        ("€9.99", "EUR", "invalid_money"),
        ("1e3", "EUR", "invalid_money"),
        ("NaN", "EUR", "invalid_money"),
        (True, "EUR", "invalid_money"),
        ("９.99", "EUR", "invalid_money"),
        ("-0.01", "EUR", "out_of_range"),
        (-1, "EUR", "out_of_range"),
        ("1000.01", "EUR", "out_of_range"),
        (1_000_000_001, "EUR", "out_of_range"),
        ("9.99", "eur", "invalid_currency"),
        ("9.99", "EURO", "invalid_currency"),
        ("9.99", "XYZ", "invalid_currency"),
        ("9.99", 978, "invalid_currency"),
        ("9.99", "USD", "not_allowed"),
        (None, "EUR", "missing_attribute"),
    ],
)
def test_money_is_decimal_text_or_micro_units_with_an_iso_currency(
    probe: Probe, amount: object, currency: object, reason: str
) -> None:
    attributes = {"order.id": "1", "order.amount": amount, "order.currency": currency}

    assert rejected(probe, name="order.paid", attributes=attributes)[0] == reason


@pytest.mark.parametrize("amount", ["9.99", "0", "1000", "0.123456789", 9_990_000, 1_000_000_000])
def test_good_money_is_stored(probe: Probe, amount: object) -> None:
    attributes = {"order.id": "1", "order.amount": amount, "order.currency": "EUR"}

    row = stored(probe, name="order.paid", attributes=attributes)

    assert json.loads(row["attributes"]) == attributes


@pytest.mark.parametrize("field", ["product", "service", "environment"])
@pytest.mark.parametrize(
    "text", ["<b>", "a\nb", " a", "é", "x" * 129, '"', "{{x}}", "a|b", "../x", "=1"]
)
def test_a_source_with_odd_characters_is_rejected(probe: Probe, field: str, text: str) -> None:
    reason, detail = rejected(probe, **{field: text})

    assert (reason, field in detail) == ("invalid_source", True)


@pytest.mark.parametrize("text", ["unknown_service:python", "shop/front-end", "Till 7", "a@b+c"])
def test_usual_names_of_services_are_stored(probe: Probe, text: str) -> None:
    assert stored(probe, service=text)["service"] == text


@pytest.mark.parametrize(
    "fields",
    [
        {"producer": "me"},
        {"producer": str(UUID(int=0))},
        {"sequence": 0},
        {"sequence": -1},
        {"sequence": 2**63},
    ],
)
def test_a_producer_that_is_no_uuid_and_a_sequence_below_one_are_rejected(
    probe: Probe, fields: dict[str, Any]
) -> None:
    assert rejected(probe, **fields)[0] == "invalid_producer"


@pytest.mark.parametrize("sequence", ['"1"', "1.0", "true", "9" * 5000])
def test_a_sequence_that_is_no_integer_is_rejected(probe: Probe, sequence: str) -> None:
    event = json.dumps(probe.event(sequence=12345)).replace("12345", sequence)

    answer = probe.running.post("/v1/events", f'{{"events": [{event}]}}'.encode())

    assert [one["reason"] for one in answer.json()["quarantined"]] == ["wrong_type"]
    probe.sees(quarantined__wrong_type=1)


def test_nulls_are_as_if_left_out(probe: Probe) -> None:
    row = stored(
        probe, product=None, environment=None, producer=None, sequence=None, attributes=None,
        name="never.heard_of",
    )  # fmt: skip

    assert (row["product"], row["environment"], row["producer"]) == ("shop", None, None)
    assert (row["sequence"], row["attributes"]) == (None, "{}")


def test_producer_and_sequence_are_columns(probe: Probe) -> None:
    producer = str(uuid4())

    row = stored(probe, producer=producer.upper(), sequence=2**63 - 1)

    assert (str(row["producer"]), row["sequence"]) == (producer, 2**63 - 1)


def test_a_million_values_of_one_attribute_are_only_events(probe: Probe) -> None:
    for _ in range(3):
        events = [probe.event(attributes={"order.id": str(uuid4())}) for _ in range(1000)]
        assert probe.running.send(*events).json()["accepted"] == 1000
    probe.sees(stored=3000)
