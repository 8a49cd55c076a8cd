"""The oracle's answer to `latest`: the newest report of each label set, and what came after it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.engine.harness import Event
from tests.engine.oracle_facts import MICRO, Answer, amount, fact


@dataclass
class LatestAnswer(Answer):
    """With the label sets that still count, as (time, millionths)."""

    present: list[tuple[int, int]] = field(default_factory=list)


def reports(
    kpi: Mapping[str, Any], declared: Mapping[str, Any], known: list[Event]
) -> dict[str, tuple[int, int]]:
    """Label set -> time and value of its newest report, without those that were retired."""
    newest: dict[str, tuple[int, int]] = {}
    per = kpi.get("per", [])
    for event in known:  # in order of (time, id)
        if event.environment not in (None, "production"):
            continue
        if event.attributes.get("user.internal") is True:
            continue
        if event.name == kpi.get("retired_by"):
            named = {p: event.attributes[p] for p in per if event.attributes.get(p) is not None}
            newest = {
                key: report for key, report in newest.items()
                if any(json.loads(key)[name] != value for name, value in named.items())
            }  # fmt: skip
        each = fact({k: v for k, v in kpi.items() if k != "labels"}, declared, event)
        if each is not None and each.eligible:
            members = {name: event.attributes.get(name) for name in per}
            if None not in members.values():
                newest[json.dumps(members)] = (event.time, each.micro)
    return newest


def latest(kpi: Mapping[str, Any], newest: dict[str, tuple[int, int]], end: int) -> LatestAnswer:
    drop = amount(kpi["drop_after"]) if "drop_after" in kpi else None
    present = [r for r in newest.values() if drop is None or end - r[0] <= drop]
    answer = LatestAnswer(samples=len(present), present=present)
    if present:
        answer.micro = _combined(kpi, [micro for _, micro in present])
        answer.value = answer.micro / MICRO
    return answer


def _combined(kpi: Mapping[str, Any], values: list[int]) -> Fraction:
    match kpi.get("combine", "sum"):
        case "mean":
            return Fraction(sum(values), len(values))
        case "max":
            return Fraction(max(values))
        case "min":
            return Fraction(min(values))
    return Fraction(sum(values))


def has_old(kpi: Mapping[str, Any], answer: Answer, at: int, patience: int) -> bool:
    """An old label set, unless the fresh ones alone decide that the target is missed."""
    if not isinstance(answer, LatestAnswer):
        return False
    fresh = [micro for time, micro in answer.present if at - time <= patience]
    if len(fresh) == len(answer.present):
        return False
    if not fresh or kpi.get("combine", "sum") != "sum" or kpi.get("target") != {"equals": 0}:
        return True
    return sum(fresh) <= 0
