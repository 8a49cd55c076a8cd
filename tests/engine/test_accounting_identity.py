"""received = stored + duplicate + quarantined + ignored, after whatever was sent; and it is told."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopgauge_catalog.builtin import COLLECTOR_SERVICE
from loopgauge_collector.events import Admitted, Incoming, Rejected
from loopgauge_collector.storage.quarantine import QuarantinedEvent, payload_of

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
    st.tuples(st.just("send"), st.lists(_requests, min_size=1, max_size=3))
    | st.tuples(st.sampled_from(["replay", "drop"]), st.lists(st.integers(0, 20), max_size=4))
    | st.tuples(st.sampled_from(["fold", "merge", "tell", "restart"]), st.none()),
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


def told(engine: Engine) -> Counter[tuple[str, str, str]]:
    """The same, as the collector's own events say."""
    return Counter(
        {
            (owner, service, outcome): int(events)
            for owner, service, outcome, events in engine.rows(
                f"""select product, json_extract_string(attributes, '$."service.name"'),
                  json_extract_string(attributes, '$."loop.outcome"'),
                  sum(json_extract_string(attributes, '$."loop.events"')::bigint)::bigint
                from events where service = '{COLLECTOR_SERVICE}' group by all"""
            )
        }
    )


class Books:
    """What every event came to, kept by the test.

    Attributes:
        expected: events by product, service and outcome.
        store: the event of each id that was accepted.
        received: events that were parsed; a replay receives nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.engine = Engine(folder, CATALOG, now=NOON)
        self.expected: Counter[tuple[str, str, str]] = Counter()
        self.store: dict[str, Event] = {}
        self.received = 0

    def send(self, group: list[Any]) -> None:
        """Requests of one commit: events, bad events, log lines."""
        requests = []
        for sent, bad, ignored in group:
            events = [event(*each) for each in sent]
            requests.append(Admitted(columns(events), [rejected(*each) for each in bad], ignored))
            self.received += len(sent) + len(bad) + sum(ignored.values())
            for each in events:
                known = self.store.setdefault(each.id, each)
                outcome = (
                    "stored" if known is each else "duplicate" if known == each else "quarantined"
                )
                self.expected[each.product, each.service, outcome] += 1
            for _, _, source in bad:
                self.expected[*source, "quarantined"] += 1
            for source, lines in ignored.items():
                self.expected[*source, "ignored"] += lines
        self.engine.commit_group(*requests)

    def replay(self, places: list[int]) -> None:
        """Events at these places of the list, under ids that nobody else has."""
        chosen = self._at(places)
        mended = []
        for kept in chosen:
            raw = msgspec.json.decode(kept.payload, type=Incoming)
            source = (raw.product or "", raw.service or "")
            mended.append(event(100 + kept.number, 0, source))
            self.store[mended[-1].id] = mended[-1]
            self.expected[*source, "replayed"] += 1
        numbers = [kept.number for kept in chosen]
        self.engine.commit_group(Admitted(columns(mended), replayed=numbers))

    def drop(self, places: list[int]) -> None:
        """Dropped events stay counted."""
        self.engine.drop(*(kept.number for kept in self._at(places)))

    def fold(self, _: None) -> None:
        self.engine.fold()

    def merge(self, _: None) -> None:
        self.engine.merge()

    def tell(self, _: None) -> None:
        self.engine.now += 10 * SECOND
        self.engine.tell()

    def restart(self, _: None) -> None:
        self.engine.close()
        self.engine = Engine(self._folder, CATALOG, now=self.engine.now)

    def _at(self, places: list[int]) -> list[QuarantinedEvent]:
        kept = self.engine.quarantine.list()
        return list({kept[at].number: kept[at] for at in places if at < len(kept)}.values())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=_steps)
def test_every_parsed_event_is_counted_once_by_how_it_ended(steps: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        books = Books(Path(folder))
        before: Counter[tuple[str, str, str]] = Counter()
        for what, details in steps:
            getattr(books, what)(details)
            found = by_outcome(books.engine)
            assert found == +books.expected
            arrived = {key: n for key, n in found.items() if key[2] != "replayed"}
            assert sum(arrived.values()) == books.received
            assert all(found[key] >= n for key, n in before.items()), "a count went down"
            before = found
            assert len(books.engine.quarantine) == len(books.engine.quarantine.list())
        books.engine.tell(everything=True)
        assert told(books.engine) == {
            key: n for key, n in before.items() if key[0] and key[2] != "replayed"
        }
        sent = f"select id::varchar, attributes from events where service <> '{COLLECTOR_SERVICE}'"
        assert dict(books.engine.rows(sent)) == {
            identity: f'{{"n": {each.attributes["n"]}}}' for identity, each in books.store.items()
        }
        books.engine.close()
