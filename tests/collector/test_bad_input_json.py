"""Rows 28 to 40 of the catalogue: JSON bodies, and what of a batch survives."""

import codecs
import json

import pytest

from tests.collector.conftest import Probe
from tests.support.running import Answer


def post(probe: Probe, body: bytes) -> Answer:
    return probe.running.post("/v1/events", body)


def around(probe: Probe, member: str) -> bytes:
    """A batch of one good event and one with this member among its attributes."""
    bad = probe.event(attributes={"order.id": "1", "odd": 0})
    batch = json.dumps({"events": [probe.event(), bad]})
    return batch.replace('"odd": 0', member).encode()


def nested(depth: int, begin: str = "[", end: str = "]") -> str:
    return begin * depth + "1" + end * depth


def reasons(answer: Answer) -> list[tuple[int, str]]:
    assert answer.status == 200, answer
    return [(one["index"], one["reason"]) for one in answer.json()["quarantined"]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b'"x"',
        b"1",
        b"true",
        b'{"events":{}}',
        b'{"events":null}',
        b'{"events":"x"}',
        b'{"event":[]}',
    ],
)
def test_what_is_no_object_with_a_list_of_events_is_400(probe: Probe, body: bytes) -> None:
    answer = post(probe, body)

    assert (answer.status, answer.json()["reason"]) == (400, "malformed_json")
    assert '{"events": [...]}' in answer.json()["detail"] or "not JSON" in answer.json()["detail"]
    probe.sees()


def test_an_empty_list_is_an_answer_of_zeros(probe: Probe) -> None:
    answer = post(probe, b'{"events":[]}')

    assert answer.json() == {"accepted": 0, "duplicates": 0, "quarantined": []}
    probe.sees()


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400 + ".5", "01", "1.", "+1"],
)
@pytest.mark.parametrize("place", ["attribute", "unknown"])
def test_a_number_that_json_does_not_have_is_400(probe: Probe, number: str, place: str) -> None:
    body = around(probe, f'"odd":{number}')
    if place == "unknown":
        body = f'{{"extra":{number},"events":[{json.dumps(probe.event())}]}}'.encode()

    answer = post(probe, body)

    assert (
        answer.status,
        answer.json()["reason"] in ("malformed_json", "number_out_of_range"),
    ) == (
        400,
        True,
    )
    probe.sees()


@pytest.mark.parametrize("depth", [9, 1025, 100_000])
@pytest.mark.parametrize("place", ["attribute", "event", "body", "objects"])
def test_nesting_beyond_eight_levels_is_400(probe: Probe, depth: int, place: str) -> None:
    event = json.dumps(probe.event())
    bodies = {
        # Body, list and event are three levels, the attributes the fourth.
        "attribute": around(probe, '"odd":' + nested(depth - 4)),
        "event": ('{"events":[' + event[:-1] + ',"odd":' + nested(depth - 3) + "}]}").encode(),
        "body": ('{"odd":' + nested(depth - 1) + ',"events":[' + event + "]}").encode(),
        "objects": ('{"odd":' + nested(depth - 1, '{"a":', "}") + ',"events":[]}').encode(),
    }

    answer = post(probe, bodies[place])

    assert (answer.status, answer.json()["reason"]) == (400, "too_deep")
    probe.sees()


def test_nesting_within_eight_levels_is_an_event_that_is_rejected(probe: Probe) -> None:
    answer = post(probe, around(probe, '"odd":[[[["]]]]]]"]]]]'))

    assert reasons(answer) == [(1, "nested_attribute")]
    probe.sees(stored=1, quarantined__nested_attribute=1)


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63)])
def test_a_64_bit_integer_is_kept_to_the_digit(probe: Probe, number: int) -> None:
    answer = post(probe, around(probe, f'"odd":{number}'))

    assert reasons(answer) == []
    assert f'"odd":{number}' in probe.running.stored()[-1]["attributes"]
    probe.sees(stored=2)


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**30, int("9" * 4000)])
def test_an_integer_beyond_64_bits_is_rejected_and_never_rounded(probe: Probe, number: int) -> None:
    answer = post(probe, around(probe, f'"odd":{number}'))

    assert reasons(answer) == [(1, "number_out_of_range")]
    probe.sees(stored=1, quarantined__number_out_of_range=1)


def test_an_integer_of_five_thousand_digits_is_rejected(probe: Probe) -> None:
    answer = post(probe, around(probe, f'"odd":{"9" * 4999}'))

    assert reasons(answer) == [(1, "number_out_of_range")]
    probe.sees(stored=1, quarantined__number_out_of_range=1)


@pytest.mark.parametrize(
    "member",
    [
        '"odd":1,"odd":9',
        '"odd":"a","odd":"b"',
        '"odd":1,"\\u006fdd":1',
        '"order.id":"2"',
        '"odd":null,"odd":null',
    ],
)
def test_an_attribute_that_stands_twice_is_rejected(probe: Probe, member: str) -> None:
    answer = post(probe, around(probe, member))

    assert reasons(answer) == [(1, "duplicate_key")]
    probe.sees(stored=1, quarantined__duplicate_key=1)


@pytest.mark.parametrize(
    "member", ['"name":"order.placed"', '"attributes":{}', '"sequence":1,"sequence":1']
)
def test_a_field_of_an_event_that_stands_twice_is_rejected(probe: Probe, member: str) -> None:
    good, bad = json.dumps(probe.event()), json.dumps(probe.event())

    answer = post(probe, f'{{"events":[{good},{bad[:-1]},{member}}}]}}'.encode())

    assert reasons(answer) == [(1, "duplicate_key")]
    probe.sees(stored=1, quarantined__duplicate_key=1)


@pytest.mark.parametrize("key", ["events", "\\u0065vents", "odd"])
def test_a_key_of_the_body_that_stands_twice_is_400(probe: Probe, key: str) -> None:
    event = json.dumps(probe.event())

    answer = post(probe, f'{{"events":[{event}],"{key}":[],"odd":1}}'.encode())

    assert answer.status == 400
    probe.sees()


@pytest.mark.parametrize(
    "text",
    [b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\n"'],
)
@pytest.mark.parametrize("place", ["attribute", "service", "key", "unknown"])
def test_text_that_is_no_unicode_is_400(probe: Probe, text: bytes, place: str) -> None:
    good = json.dumps(probe.event()).encode()
    members = {
        "attribute": b'"attributes":{"order.id":%b}' % text,
        "service": b'"service":%b' % text,
        "key": b'"attributes":{%b:1}' % text,
        "unknown": b'"odd":%b' % text,
    }
    bad = b'{"id":"%b","name":"a.b","time":"2026-01-01T00:00:00Z",%b}' % (
        probe.event.id().encode(),
        members[place],
    )

    answer = post(probe, b'{"events":[%b,%b]}' % (good, bad))

    assert (answer.status, answer.json()["reason"]) == (400, "malformed_json")
    probe.sees()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_other_encodings_and_byte_order_marks_are_400(probe: Probe, encoding: str) -> None:
    body = json.dumps({"events": [probe.event()]}).encode(encoding)

    assert post(probe, body).status == 400
    assert not body.startswith(codecs.BOM_UTF8) or encoding == "utf-8-sig"
    probe.sees()


@pytest.mark.parametrize(
    ("member", "reason"),
    [('"odd":"a\\u0000b"', "nul_character"), ('"o\\u0000d":1', "nul_character")],
)
def test_a_nul_character_rejects_the_event(probe: Probe, member: str, reason: str) -> None:
    answer = post(probe, around(probe, member))

    assert reasons(answer) == [(1, reason)]
    probe.sees(stored=1, **{f"quarantined__{reason}": 1})


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("id", "invalid_id"),
        ("name", "invalid_name"),
        ("time", "invalid_time"),
        ("service", "invalid_source"),
        ("producer", "invalid_producer"),
    ],
)
def test_a_nul_character_in_a_field_rejects_the_event(
    probe: Probe, field: str, reason: str
) -> None:
    answer = probe.running.send(probe.event(), probe.event(**{field: "a\0b"}))

    assert reasons(answer) == [(1, reason)]
    probe.sees(stored=1, **{f"quarantined__{reason}": 1})


@pytest.mark.parametrize("odd", [False, True])
def test_an_event_of_more_than_64_kib_is_rejected_and_its_batch_is_not(
    probe: Probe, odd: bool
) -> None:
    large = probe.event(attributes={f"a{n}": "x" * 4000 for n in range(17)})
    if odd:
        large["unknown"] = 1

    answer = probe.running.send(probe.event(), large, probe.event())

    assert reasons(answer) == [(1, "event_too_large")]
    assert "65536" in answer.json()["quarantined"][0]["detail"]
    assert answer.json()["quarantined"][0]["id"] == large["id"]
    probe.sees(stored=2, quarantined__event_too_large=1)


def test_a_text_of_ten_megabytes_is_413(probe: Probe) -> None:
    answer = post(probe, around(probe, f'"odd":"{"x" * 10_000_000}"'))

    assert answer.status == 413
    probe.sees()


def test_a_text_of_four_megabytes_rejects_its_event(probe: Probe) -> None:
    answer = post(probe, around(probe, f'"odd":"{"x" * 4_000_000}"'))

    assert reasons(answer) == [(1, "event_too_large")]
    probe.sees(stored=1, quarantined__event_too_large=1)


def test_a_thousand_events_are_taken_and_one_more_is_413_with_the_limit(probe: Probe) -> None:
    events = [probe.event() for _ in range(1001)]

    assert probe.running.send(*events[:1000]).json()["accepted"] == 1000
    answer = probe.running.send(*events)

    assert (answer.status, answer.json()["reason"]) == (413, "too_many_events")
    assert "1000" in answer.json()["detail"]
    assert "1001" in answer.json()["detail"]
    probe.sees(stored=1000)


def test_of_a_thousand_events_seven_bad_ones_are_named_and_the_rest_is_stored(
    probe: Probe,
) -> None:
    events = [probe.event() for _ in range(1000)]
    bad: dict[int, tuple[str, dict[str, object]]] = {
        3: ("missing_id", {"id": None}),
        77: ("invalid_name", {"name": "Order Placed"}),
        200: ("invalid_time", {"time": "yesterday"}),
        400: ("missing_attribute", {"attributes": {}}),
        401: ("nested_attribute", {"attributes": {"order.id": ["1"]}}),
        700: ("too_old", {"time": "2001-01-01T00:00:00Z"}),
        999: ("wrong_type", {"attributes": {"order.id": "1", "order.items": "12"}}),
    }
    for index, (_, fields) in bad.items():
        events[index] = probe.event(**fields)

    answer = probe.running.send(*events)

    assert answer.json()["accepted"] == 993
    assert reasons(answer) == [(index, reason) for index, (reason, _) in bad.items()]
    assert all(one["detail"] for one in answer.json()["quarantined"])
    probe.sees(stored=993, **{f"quarantined__{reason}": 1 for reason, _ in bad.values()})


@pytest.mark.parametrize("tail", [b"{}", b"\n{}", b"x", b",", b"\0"])
def test_anything_behind_the_body_is_400(probe: Probe, tail: bytes) -> None:
    body = json.dumps({"events": [probe.event()]}).encode()

    assert post(probe, body + tail).status == 400
    probe.sees()


def test_lines_of_json_are_400(probe: Probe) -> None:
    body = "\n".join(json.dumps(probe.event()) for _ in range(3)).encode()

    assert post(probe, body).status == 400
    probe.sees()


def test_unknown_fields_are_left_out_and_counted(probe: Probe) -> None:
    body = {"events": [probe.event(trace="a"), probe.event(trace="b", span=1)], "sent": "now"}

    answer = post(probe, json.dumps(body).encode())

    assert answer.json()["accepted"] == 2
    assert answer.json()["unknown_fields"] == {"trace": 2, "span": 1, "sent": 1}
    assert not any("trace" in str(row) for row in probe.running.stored()[-2:])
    probe.sees(stored=2)


@pytest.mark.parametrize("number", ["-0", "-0.0", "1e-400", "0." + "1" * 45, "1E5", "1e308"])
def test_odd_but_legal_numbers_are_stored_as_they_were_written(probe: Probe, number: str) -> None:
    answer = post(probe, around(probe, f'"odd":{number}'))

    assert reasons(answer) == []
    assert f'"odd":{number}' in probe.running.stored()[-1]["attributes"]
    probe.sees(stored=2)


@pytest.mark.parametrize("odd", [1, "x", None, [], True, 1.5])
def test_an_event_that_is_no_object_is_rejected(probe: Probe, odd: object) -> None:
    answer = probe.running.send(probe.event(), odd)

    assert reasons(answer) == [(1, "wrong_type")]
    probe.sees(stored=1, quarantined__wrong_type=1)


def test_a_body_of_a_million_empty_things_is_refused_without_reading_them(probe: Probe) -> None:
    answer = post(probe, b'{"events":[' + b"{}," * 1_000_000 + b"{}]}")

    assert answer.status == 413
    probe.sees()
