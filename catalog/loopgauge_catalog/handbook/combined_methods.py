"""How the kinds are computed that are made of several amounts, or are about a whole system."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.handbook import words
from loopgauge_catalog.kpis import (
    Aggregate,
    BudgetKpi,
    Composite,
    Cost,
    CostPer,
    Drift,
    Loss,
    Member,
    Per,
    Quota,
    Uptime,
)

_UNPRICED = "What has no price is counted as unpriced, and the value is then a lower bound."
_PRICED = "the provider's own amount, else the quantity at the price that held at that time"


def per(kpi: Per, _: Catalog) -> str:
    """One amount for each of another."""
    return (
        f"{words.raised(_amount(kpi.numerator))}, for each of {_amount(kpi.denominator)}, both "
        f"{words.during(kpi.window)}. With nothing to divide by there is no number, and not 0."
    )


def uptime(kpi: Uptime, _: Catalog) -> str:
    """The share of known time that was up."""
    text = (
        f"Time is cut into slots of {words.duration(kpi.every)}. A slot is as up as the share of "
        f"its probes ({words.event(kpi.event, kpi.where)}) whose {words.conditions(kpi.up)}"
    )
    if kpi.location is not None:
        text += f", by the {words.code(kpi.location)} that saw it best"
    return (
        f"{text}. One slot without a probe is taken to be like the one before, more of them are "
        f"unknown. The value is the up share of the known time {words.during(kpi.window)}, with "
        "the unknown share beside it; when more than 10% is unknown there is none."
    )


def cost(kpi: Cost, _: Catalog) -> str:
    """What was spent."""
    events = words.event(kpi.event, kpi.where)
    return f"Adds up {events} {words.during(kpi.window)}: {_PRICED}. {_UNPRICED}"


def cost_per(kpi: CostPer, _: Catalog) -> str:
    """What was spent for each that was finished."""
    finished = words.event(kpi.per.event, kpi.per.where)
    return (
        f"All {words.event(kpi.event, kpi.where)} {words.during(kpi.window)} ({_PRICED}), also "
        "those of what failed or of nothing in particular, divided by the number of "
        f"{words.code(kpi.per.once_per)} whose first {finished} fell into that time. While none "
        f"is finished there is no number, and the spend is shown. {_UNPRICED}"
    )


def budget(kpi: BudgetKpi, catalog: Catalog) -> str:
    """How much of a budget is spent, or will be."""
    plan, owner = kpi.plan, catalog.products[kpi.product]
    costs = words.event("cost.incurred", plan.where)
    spent = (
        f"what {costs} add up to since the {plan.period} began ({plan.timezone or owner.timezone})"
    )
    if kpi.read == "used":
        return f"{words.raised(spent)}, as a share of {plan.limit.text}. {_UNPRICED}"
    return (
        f"{words.raised(spent)}, and what the rest of the {plan.period} will cost if it "
        f"goes on as in the last 7 days, as a share of {plan.limit.text}, with the spend so far "
        f"beside it. Before there are costs of a whole day there is no forecast. {_UNPRICED}"
    )


def quota(kpi: Quota, catalog: Catalog) -> str:
    """How much of an allowance is used."""
    zone = kpi.timezone or catalog.products[kpi.product].timezone
    each = f", each {words.codes(kpi.per)} by itself" if kpi.per else ""
    most = " The value is the one that has used most." if kpi.per else ""
    return (
        f"Adds up {words.code(kpi.value)} of {words.event(kpi.event, kpi.where)} "
        f"{words.during(kpi.window)} ({zone}){each}, as a share of {kpi.limit:,}.{most}"
    )


def composite(kpi: Composite, catalog: Catalog) -> str:
    """A score of 100."""
    parts = "; ".join(
        f"{part.title} ({part.weight}): "
        + words.joined(_member(member, kpi, catalog) for member in part.kpis)
        for part in kpi.parts.values()
    )
    return (
        "A score of 100. Each part gives its points times the mean of what its members attain of "
        f"their targets, each at most all of it. {parts}. Of shares it is the bad part that is "
        "compared: 98% where 99% are wanted attains half. A member whose data are missing, stale, "
        "too few or unpriced attains nothing; beside the score stand how much of it rests on "
        "data, and the best case."
    )


def drift(kpi: Drift, _: Catalog) -> str:
    """How far a distribution has moved."""
    low, high = kpi.bounds
    reference = (
        "its first seven full days"
        if kpi.reference is None
        else f"the time from {kpi.reference.from_} to {kpi.reference.to}"
    )
    return (
        f"Sorts {words.code(kpi.value)} of {words.event(kpi.event, kpi.where)} "
        f"{words.during(kpi.window)} into {kpi.bins} equal bins from {low} to {high}, and compares "
        f"each {words.code(kpi.per)} with {reference}: the population stability index. The "
        "greatest counts."
    ) + (
        " With so few values that chance alone could reach the target there is no number."
        if kpi.target is not None
        else ""
    )


def loss(kpi: Loss, _: Catalog) -> str:
    """What never arrived."""
    whose = f" of {words.codes(kpi.services)}" if kpi.services else ""
    return (
        f"Every process{whose} numbers its events before anything can be dropped. The value is "
        f"the share of the numbers given {words.ended(kpi.window, kpi.grace)} that never came; "
        "later ones may be on their way. What came twice or is in quarantine did come."
    )


def _amount(side: Aggregate) -> str:
    events = words.event(side.event, side.where)
    what = "the number" if side.value is None else f"the sum of {words.code(side.value)}"
    return f"{what} of {events}" + (
        "" if side.once_per is None else f" (each {words.code(side.once_per)} once)"
    )


def _member(member: Member, kpi: Composite, catalog: Catalog) -> str:
    of = catalog.kpi(f"{kpi.product}.{member.kpi}")
    text = words.code(member.kpi) if of is None else f"{of.title} ({of.row})"
    if member.against is None:
        return text
    plan = catalog.kpi(f"{kpi.product}.{member.against}")
    return f"{text} against {words.code(member.against) if plan is None else plan.title}"
