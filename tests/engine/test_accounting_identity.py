"""received = stored + duplicate + quarantined + ignored, after whatever was sent."""

import tempfile
from collections import Counter
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopgauge_collector.events import Admitted, Incoming, Rejected
from loopgauge_collector.quarantine import payload_of

from tests.engine.harness import SECOND, Engine, Event, columns, moment, product, uuid7

NOON = moment("2026-11-18 12:00")
CATALOG = product({"seen": {"kind": "count", "event": "page.seen", "window": "1h"}})
Source = tuple[str, str]

_sources = st.sampled_from([("shop", "web"), ("shop", "worker"), ("store", "web"), ("", "stray")])
#: Few ids and few payloads, so that repeats and conflicts are common.
_sent = st.tuples(st.integers(0, 12), st.integers(0, 2), _sources)
_bad = st.tuples(st.integers(0, 5), st.sampled_from(["missing_id", "too_old"]), _sources)
_requests = st.tuples(
    st.lists(_sent, max_size=6),
    st.lists(_bad, max_size=3),
    st.dictionaries(_sources, st.integers(1, 4), max_size=2),
)
_steps = st.lists(
    st.lists(_requests, min_size=1, max_size=3).map(lambda group: ("send", group))
    | st.lists(st.integers(0, 20), max_size=4).map(lambda places: ("replay", places))
    | st.lists(st.integers(0, 20), max_size=3).map(lambda places: ("drop", places))
    | st.sampled_from([("fold", None), ("merge", None), ("restart", None)]),
    max_size=12,
)


def event(number: int, payload: int, source: Source) -> Event:
    owner, service = source
    time = NOON - number * 7 * SECOND
    return Event("page.seen", time, {"n": payload}, owner, service, id=uuid7(time, number))


def rejected(number: int, reason: str, source: Source) -> Rejected:
    owner, service = source
    raw = Incoming(0, None, "page.seen", NOON * 1000, b"{}", owner, service, sequence=number)
    return Rejected(0, None, reason, "say why", owner, service, "page.seen", payload_of(raw))


def by_outcome(engine: Engine) -> Counter[tuple[str, str, str]]:
    """Events by product, service and outcome; from memory and from the store, which agree."""
    memory: Counter[tuple[str, str, str]] = Counter()
    for row in engine.accounting.rows:
        memory[row.product, row.service, row.outcome] += row.events
    table: Counter[tuple[str, str, str]] = Counter()
    for owner, service, outcome, events in engine.rows(
        """select product, service, outcome, sum(events)::bigint
        from (select * from accounting union all select * from accounting_recent) group by all"""
    ):
        table[owner, service, outcome] += events
    assert +memory == +table
    assert min(memory.values(), default=0) >= 0
    return +memory


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=_steps)
def test_every_parsed_event_is_counted_once_by_how_it_ended(
    steps: list[tuple[str, object]],
) -> None:
    expected: Counter[tuple[str, str, str]] = Counter()
    store: dict[str, Event] = {}
    received = 0
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), CATALOG, now=NOON)
        for what, given_ in steps:
            match what:
                case "send":
                    group = []
                    for sent, bad, ignored in given_:  # type: ignore[attr-defined]
                        events = [event(*each) for each in sent]
                        group.append(
                            Admitted(columns(events), [rejected(*each) for each in bad], ignored)
                        )
                        received += len(sent) + len(bad) + sum(ignored.values())
                        for each in events:
                            known = store.setdefault(each.id, each)
                            outcome = (
                                "stored" if known is each
                                else "duplicate" if known == each else "quarantined"
                            )  # fmt: skip
                            expected[each.product, each.service, outcome] += 1
                        for _, _, source in bad:
                            expected[*source, "quarantined"] += 1
                        for source, lines in ignored.items():
                            expected[*source, "ignored"] += lines
                    engine.commit_group(*group)
                case "replay":
                    kept = engine.quarantine.list()
                    chosen = list(
                        {kept[at].number: kept[at] for at in given_ if at < len(kept)}.values()
                    )  # type: ignore[attr-defined]
                    stored = []
                    for each in chosen:
                        number = 100 + each.number
                        raw = msgspec.json.decode(each.payload, type=Incoming)
                        source = (raw.product or "", raw.service or "")
                        stored.append(event(number, 0, source))
                        store[stored[-1].id] = stored[-1]
                        expected[each.product, each.service, "quarantined"] -= 1
                        expected[*source, "stored"] += 1
                    replayed = [each.number for each in chosen]
                    engine.commit_group(Admitted(columns(stored), replayed=replayed))
                case "drop":
                    kept = engine.quarantine.list()
                    engine.drop(*(kept[at].number for at in given_ if at < len(kept)))  # type: ignore[attr-defined]
                case "fold":
                    engine.fold()
                case "merge":
                    engine.merge()
                case _:
                    engine.close()
                    engine = Engine(Path(folder), CATALOG, now=NOON)
            found = by_outcome(engine)
            assert found == +expected
            assert sum(found.values()) == received
            assert len(engine.quarantine) == len(engine.quarantine.list())
        assert dict(engine.rows("select id::varchar, attributes from events")) == {
            identity: f'{{"n": {each.attributes["n"]}}}' for identity, each in store.items()
        }
        engine.close()
