import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from tests.durability import identity, tally
from tests.durability.ledger import Ledger
from tests.durability.verdict import Floor, Found, faults, weaknesses

ENOUGH = Floor(acknowledged=100, replays=1, kills={"random": 1})


def _books() -> tuple[Ledger, Found, tally.Values]:
    """A run in which all went well: 300 events, five of them flawed, ten replayed."""
    ledger, rng = Ledger(), random.Random(7)
    for sequence in range(1, 301):
        flawed = sequence % 60 == 0
        event_id = identity.mint(1, sequence, 1_790_000_000_000 + sequence, rng, flawed=flawed)
        (ledger.flawed if flawed else ledger.issued).add(event_id.int)
        ledger.acknowledge([event_id])
    ledger.answered.update(received=312, ignored=2, quarantined=5, stored=200, duplicate=4)
    ledger.swallowed = 1
    values = tally.expected(ledger.issued)
    found = Found(
        stored=Counter(ledger.issued),
        quarantined=set(ledger.flawed),
        accounting={"stored": 295, "duplicate": 10, "quarantined": 5, "ignored": 2},
        told={"stored": 295, "duplicate": 10, "quarantined": 5, "ignored": 2},
        values=dict(values),
        rebuilt=dict(values),
    )
    return ledger, found, values


def _some(ids: set[int]) -> int:
    return min(ids)


def _lose(ledger: Ledger, found: Found) -> None:
    del found.stored[_some(ledger.issued)]


def _invent(ledger: Ledger, found: Found) -> None:
    found.stored[12345] += 1


def _double(ledger: Ledger, found: Found) -> None:
    found.stored[_some(ledger.issued)] += 1


def _corrupt(ledger: Ledger, found: Found) -> None:
    found.corrupted.append(_some(ledger.issued))


def _let_a_flawed_one_in(ledger: Ledger, found: Found) -> None:
    found.stored[_some(ledger.flawed)] += 1


def _lose_from_quarantine(ledger: Ledger, found: Found) -> None:
    found.quarantined.discard(_some(ledger.flawed))


def _never_acknowledge(ledger: Ledger, found: Found) -> None:
    ledger.acknowledged.discard(_some(ledger.issued))


def _answer_wrongly(ledger: Ledger, found: Found) -> None:
    ledger.wrong_answers.append("a batch of 3 was answered with 4")


def _miscount_stored(ledger: Ledger, found: Found) -> None:
    found.accounting["stored"] += 1


def _miscount_quarantined(ledger: Ledger, found: Found) -> None:
    found.accounting["quarantined"] -= 1
    found.accounting["duplicate"] += 1


def _forget_a_request(ledger: Ledger, found: Found) -> None:
    found.accounting["duplicate"] -= 10
    ledger.answered["duplicate"] = 0


def _count_a_request_twice(ledger: Ledger, found: Found) -> None:
    found.accounting["duplicate"] += 40
    found.told["duplicate"] += 40


def _tell_less_than_is_known(ledger: Ledger, found: Found) -> None:
    found.told["stored"] -= 2


def _ignore_too_much(ledger: Ledger, found: Found) -> None:
    found.accounting["ignored"] += 1
    found.accounting["duplicate"] -= 1


def _forget_answered_duplicates(ledger: Ledger, found: Found) -> None:
    ledger.answered["duplicate"] = 11


def _invent_an_outcome(ledger: Ledger, found: Found) -> None:
    found.accounting["vanished"] = 1


def _count_one_too_many(ledger: Ledger, found: Found) -> None:
    value, samples = found.values["counted"]
    found.values["counted"] = found.rebuilt["counted"] = (value + 1, samples)


def _change_the_samples(ledger: Ledger, found: Found) -> None:
    value, samples = found.values["good_share"]
    found.values["good_share"] = found.rebuilt["good_share"] = (value, samples + 1)


def _rebuild_differently(ledger: Ledger, found: Found) -> None:
    value, samples = found.rebuilt["mean_duration"]
    found.rebuilt["mean_duration"] = (value * (1 + 1e-6), samples)


def _drop_a_kpi(ledger: Ledger, found: Found) -> None:
    del found.values["level"]


FALSIFICATIONS: dict[Callable[[Ledger, Found], None], str] = {
    _lose: "1 acknowledged events are missing",
    _invent: "1 events were invented",
    _double: "1 events are stored more than once",
    _corrupt: "1 events hold something else",
    _let_a_flawed_one_in: "1 flawed events stand among the good ones",
    _lose_from_quarantine: "1 acknowledged flawed events are not in quarantine",
    _never_acknowledge: "1 issued events were never acknowledged",
    _answer_wrongly: "a batch of 3 was answered with 4",
    _miscount_stored: "accounting says 296 stored, there are 295",
    _miscount_quarantined: "accounting says 4 quarantined, answers said 5",
    _forget_a_request: "accounting received 302, but 312 were answered",
    _count_a_request_twice: "accounting received 352",
    _ignore_too_much: "accounting says 3 ignored, answers said 2",
    _forget_answered_duplicates: "accounting says 10 duplicate, answers said 11",
    _invent_an_outcome: "unknown outcomes",
    _tell_less_than_is_known: "accounting says 295 stored, the collector told of 293",
    _count_one_too_many: "KPI values: counted",
    _change_the_samples: "KPI values: good_share",
    _rebuild_differently: "rebuilt KPI values: mean_duration",
    _drop_a_kpi: "KPI values: ['amount'",
}


def test_a_run_in_which_all_went_well_passes() -> None:
    ledger, found, values = _books()

    assert faults(ledger, found, values) == []
    assert weaknesses(ledger, found, Counter(random=3), ENOUGH) == []


@pytest.mark.parametrize(
    ("falsify", "sentence"), FALSIFICATIONS.items(), ids=lambda it: getattr(it, "__name__", "")
)
def test_every_falsified_tally_is_seen(
    falsify: Callable[[Ledger, Found], None], sentence: str
) -> None:
    ledger, found, values = _books()

    falsify(ledger, found)

    assert any(sentence in fault for fault in faults(ledger, found, values))


def test_a_request_of_unknown_fate_widens_the_accounting_by_what_it_carried() -> None:
    ledger, found, values = _books()
    ledger.unknown = 40

    _count_a_request_twice(ledger, found)

    assert faults(ledger, found, values) == []


@pytest.mark.parametrize(
    ("floor", "sentence"),
    [
        (replace(ENOUGH, acknowledged=301), "only 300 acknowledged"),
        (replace(ENOUGH, replays=11), "only 10 replays"),
        (replace(ENOUGH, kills={"checkpoint": 1}), "only 0 kills of kind checkpoint"),
    ],
)
def test_a_run_that_was_too_weak_says_so(floor: Floor, sentence: str) -> None:
    ledger, found, _ = _books()

    assert any(sentence in line for line in weaknesses(ledger, found, Counter(random=3), floor))


def test_a_run_without_a_swallowed_answer_is_too_weak() -> None:
    ledger, found, _ = _books()
    ledger.swallowed = 0

    assert weaknesses(ledger, found, Counter(random=3), ENOUGH) == [
        "no answer was swallowed after its commit"
    ]


def test_an_id_carries_its_time_its_client_and_its_sequence() -> None:
    event_id = identity.mint(3, 42, 1_790_000_000_123, random.Random(1), flawed=False)
    content = identity.payload(event_id)

    assert event_id.version == 7
    assert (content.time_ms, content.sequence) == (1_790_000_000_123, 42)
    assert content.producer == identity.producer(3)
    assert content == identity.payload(UUID(str(event_id)))


def test_the_tally_of_known_events_is_what_a_person_would_count() -> None:
    rng = random.Random(11)
    ids = {identity.mint(1, n, 1_790_000_000_000 + n, rng, flawed=False).int for n in range(1, 99)}
    contents = [identity.payload(UUID(int=number)) for number in ids]
    durations = sorted(
        float(c.attributes["duration"]) for c in contents if c.name == "proof.measured"
    )

    values = tally.expected(ids)

    assert values["counted"][0] == sum(c.name == "proof.counted" for c in contents)
    assert values["mean_duration"][0] == pytest.approx(sum(durations) / len(durations))
    nearest_rank = durations[-(-95 * len(durations) // 100) - 1]
    assert values["p95_duration"][0] == pytest.approx(nearest_rank, rel=0.01)
