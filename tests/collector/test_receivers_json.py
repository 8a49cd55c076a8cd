"""POST /v1/events: a body that is as it should be and any other are read alike."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopgauge_collector.errors import Refused
from loopgauge_collector.receivers import RECEIVERS
from loopgauge_collector.receivers.json_careful import read_carefully
from loopgauge_collector.settings import Settings

from tests.collector.conftest import EventMaker

SETTINGS = Settings.model_validate({"json_max_events": 5})
(EVENTS,) = (receiver for receiver in RECEIVERS if receiver.path == "/v1/events")

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
nested = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
usual = st.fixed_dictionaries(
    {"id": st.text(max_size=5), "name": st.text(max_size=5), "time": st.text(max_size=5)},
    optional={
        "attributes": st.dictionaries(st.text(max_size=5), nested, max_size=3),
        "product": st.text(max_size=3),
        "service": st.one_of(st.none(), st.text(max_size=3)),
        "environment": st.text(max_size=3),
        "producer": st.text(max_size=3),
        "sequence": st.integers(-5, 2**64),
    },
)
fields = st.sampled_from(
    ["id", "name", "time", "product", "service", "producer", "sequence", "attributes", "other"]
)
odd = st.one_of(nested, st.dictionaries(fields, nested, max_size=9))


@settings(max_examples=300)
@given(st.lists(st.one_of(usual, odd), max_size=6), st.booleans(), st.booleans())
def test_the_quick_reader_and_the_careful_one_read_the_same(
    events: list[Any], ascii_only: bool, spaced: bool
) -> None:
    body = json.dumps(
        {"events": events},
        ensure_ascii=ascii_only,
        separators=(", ", ": ") if spaced else (",", ":"),
    ).encode()

    def read(careful: bool) -> object:
        try:
            if careful:
                return read_carefully(body, SETTINGS).events
            return [event for part in EVENTS.parts(body, "", SETTINGS) for event in part.events]
        except Refused as refused:
            return refused.reason

    assert read(careful=False) == read(careful=True)


def test_fields_come_as_they_were_written(event: EventMaker) -> None:
    one = event(environment="staging", producer=event.id(), sequence=2**63 - 1)
    text = json.dumps(one).replace('"attributes": {', '"attributes":  { ')

    (read,) = read_carefully(f'{{"events":[{text}]}}'.encode(), SETTINGS).events
    (quick,) = next(iter(EVENTS.parts(f'{{"events":[{text}]}}'.encode(), "", SETTINGS))).events

    assert read == quick
    assert {name: getattr(read, name) for name in one if name != "attributes"} == {
        name: value for name, value in one.items() if name != "attributes"
    }
    assert read.attributes == b'{ "order.id": "o1"}'


@pytest.mark.parametrize(
    ("field", "written"), [("name", "5"), ("time", "1.50"), ("id", '["a"]'), ("service", "true")]
)
def test_a_field_of_another_type_is_kept_as_text_for_whoever_looks(
    event: EventMaker, field: str, written: str
) -> None:
    text = json.dumps(event(**{field: "HERE"})).replace('"HERE"', written)

    (read,) = read_carefully(f'{{"events":[{text}]}}'.encode(), SETTINGS).events

    assert getattr(read, field) == written
    assert read.flaw is not None
    assert field in read.flaw[1]
