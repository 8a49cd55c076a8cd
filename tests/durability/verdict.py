"""Pass or fail, in words: what was found in the collector against the oracle's book."""

import math
from collections import Counter
from dataclasses import dataclass, field

from tests.durability.ledger import Ledger
from tests.durability.tally import Values

OUTCOMES = ("stored", "duplicate", "quarantined", "ignored")


@dataclass(slots=True)
class Found:
    """What the public API gave at the end.

    Attributes:
        stored: how often each id stands among the events.
        corrupted: ids whose content is not what the id demands.
        quarantined: ids that wait in quarantine.
        accounting: parsed events by outcome.
        told: the same, as the collector's own events say.
        values: KPI key -> (value, samples), as evaluated while events came in.
        rebuilt: the same after a rebuild from the stored events.
    """

    stored: Counter[int] = field(default_factory=Counter)
    corrupted: list[int] = field(default_factory=list)
    quarantined: set[int] = field(default_factory=set)
    accounting: dict[str, int] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    rebuilt: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Floor:
    """What a run must have reached before its success means anything."""

    acknowledged: int
    replays: int
    kills: dict[str, int]


def faults(ledger: Ledger, found: Found, tally: Values) -> list[str]:
    """Everything that is wrong, one sentence each; empty when all holds.

    Args:
        ledger: the oracle's book; every issued event acknowledged.
        found: what the collector says.
        tally: KPI values over the events that it must hold.
    """
    present = set(found.stored)
    good_acknowledged = ledger.acknowledged & ledger.issued
    doubled = [event_id for event_id, times in found.stored.items() if times > 1]
    sentences = [
        _count(len(good_acknowledged - present), "acknowledged events are missing"),
        _count(len(present - ledger.issued - ledger.flawed), "events were invented"),
        _count(len(doubled), "events are stored more than once"),
        _count(len(found.corrupted), "events hold something else than was sent"),
        _count(len(present & ledger.flawed), "flawed events stand among the good ones"),
        _count(
            len((ledger.acknowledged & ledger.flawed) - found.quarantined),
            "acknowledged flawed events are not in quarantine",
        ),
        _count(ledger.open, "issued events were never acknowledged"),
        *ledger.wrong_answers,
        *_accounting(ledger, found),
        *_values(tally, found.values, "the oracle's tally", "KPI values"),
        *_values(found.values, found.rebuilt, "before the rebuild", "rebuilt KPI values"),
    ]
    return [sentence for sentence in sentences if sentence]


def weaknesses(ledger: Ledger, found: Found, kills: Counter[str], floor: Floor) -> list[str]:
    """Why a run that found nothing proves nothing; empty when it was strong enough."""
    sentences = []
    if len(ledger.acknowledged) < floor.acknowledged:
        sentences.append(
            f"only {len(ledger.acknowledged)} acknowledged events, {floor.acknowledged} needed"
        )
    if found.accounting.get("duplicate", 0) < floor.replays:
        sentences.append(
            f"only {found.accounting.get('duplicate', 0)} replays seen, {floor.replays} needed"
        )
    if not ledger.swallowed:
        sentences.append("no answer was swallowed after its commit")
    for kind, needed in floor.kills.items():
        if kills[kind] < needed:
            sentences.append(f"only {kills[kind]} kills of kind {kind}, {needed} needed")
    return sentences


def _accounting(ledger: Ledger, found: Found) -> list[str]:
    """The identity to the unit, and that it agrees with what was sent.

    A request without an answer was either committed whole or not at all, so the sums may
    exceed what was answered by no more than such requests carried.
    """
    counts = {outcome: found.accounting.get(outcome, 0) for outcome in OUTCOMES}
    received, answered = sum(counts.values()), ledger.answered["received"]
    sentences = []
    if set(found.accounting) - set(OUTCOMES):
        sentences.append(f"the accounting has unknown outcomes: {sorted(found.accounting)}")
    sentences.extend(
        f"accounting says {events} {outcome}, the collector told of {found.told.get(outcome, 0)}"
        for outcome, events in found.accounting.items()
        if found.told.get(outcome, 0) != events
    )
    if counts["stored"] != found.stored.total():
        sentences.append(
            f"accounting says {counts['stored']} stored, there are {found.stored.total()}"
        )
    if not answered <= received <= answered + ledger.unknown:
        sentences.append(
            f"accounting received {received}, but {answered} were answered "
            f"and {ledger.unknown} more are open"
        )
    sentences.extend(
        f"accounting says {counts[outcome]} {outcome}, answers said {ledger.answered[outcome]} "
        f"and {ledger.unknown_outcomes[outcome]} more are open"
        for outcome in ("quarantined", "ignored")
        if not 0 <= counts[outcome] - ledger.answered[outcome] <= ledger.unknown_outcomes[outcome]
    )
    sentences.extend(
        f"accounting says {counts[outcome]} {outcome}, answers said {ledger.answered[outcome]}"
        for outcome in ("stored", "duplicate")
        if counts[outcome] < ledger.answered[outcome]
    )
    return sentences


def _values(wanted: Values, got: Values, source: str, what: str) -> list[str]:
    if set(wanted) != set(got):
        return [f"{what}: {sorted(got)} instead of {sorted(wanted)}"]
    return [
        f"{what}: {key} is {got[key]}, {source} says {wanted[key]}"
        for key in wanted
        if got[key][1] != wanted[key][1]
        or not math.isclose(got[key][0], wanted[key][0], rel_tol=1e-9, abs_tol=1e-9)
    ]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number else ""
