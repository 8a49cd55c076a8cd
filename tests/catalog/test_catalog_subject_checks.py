"""Kinds that follow subjects: who, from where to where, how long; each mistake in exact words."""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is wrong: (old text, new text, everything that the loader says).
MISTAKES: dict[str, tuple[str, str, list[str]]] = {
    "an end that nobody declares": (
        "to: [film.done, film.shown]",
        "to: [film.done, film.shwn]",
        [
            "studio.yaml:26:25: studio.making reads film.shwn, which is not declared under events; did you mean 'film.shown'?"
        ],
    ),
    "a step under a filter that nobody declares": (
        "{event: film.shown, where: {reason: asked}}",
        "{event: film.shwn, where: {reason: asked}}",
        [
            "studio.yaml:91:40: studio.people reads film.shwn, which is not declared under events; did you mean 'film.shown'?"
        ],
    ),
    "a failure that nobody declares": (
        "fails: film.failed",
        "fails: film.burnt",
        [
            "studio.yaml:28:16: studio.making reads film.burnt, which is not declared under events; did you mean 'film.done'?"
        ],
    ),
    "a step of a funnel that nobody declares": (
        "[film.done, film.closed], film.shown]",
        "[film.done, film.closd], film.shown]",
        [
            "studio.yaml:62:43: studio.path reads film.closd, which is not declared under events; did you mean 'film.closed'?"
        ],
    ),
    "a side of a quotient that nobody declares": (
        "event: fault.found, once",
        "event: fault.fund, once",
        [
            "studio.yaml:108:28: studio.faults_per_film reads fault.fund, which is not declared under events; did you mean 'fault.found'?"
        ],
    ),
    "a subject that an end does not carry": (
        "to: film.done\n        by: film.id\n        expires: 30m",
        "to: film.done\n        by: order.id\n        expires: 30m",
        [
            "studio.yaml:54:13: film.ordered does not declare the attribute order.id; did you mean 'user.id'?",
            "studio.yaml:54:13: film.done does not declare the attribute order.id; did you mean 'user.id'?",
        ],
    ),
    "a subject that is no identity": (
        "{event: fault.found, once_per: fault.id}",
        "{event: fault.found, once_per: fault.weight}",
        [
            "studio.yaml:108:51: fault.weight is no subject: those are attributes that end in .id; did you mean 'fault.id'?"
        ],
    ),
    "a step's filter on what its event does not carry": (
        "where: {reason: withdrawn}",
        "where: {reson: withdrawn}",
        [
            "studio.yaml:29:55: film.closed does not declare the attribute reson; did you mean 'reason'?"
        ],
    ),
    "a step's filter value that is not allowed": (
        "where: {reason: withdrawn}",
        "where: {reason: withdrwn}",
        ["studio.yaml:29:56: reason is never 'withdrwn'; did you mean 'withdrawn'?"],
    ),
    "a step that is a list": (
        "from: film.ordered\n        to: [film.done, film.shown]",
        "from: [film.ordered]\n        to: [film.done, film.shown]",
        ["studio.yaml:25:9: one event is meant here; write its name, or {event: …, where: …}"],
    ),
    "a step that is misspelt inside": (
        "{event: film.closed, where: {reason: withdrawn}}",
        "{event: film.closed, were: {reason: withdrawn}}",
        ["studio.yaml:29:40: unknown field 'were'; did you mean 'where'?"],
    ),
    "a step without a verb": (
        "fails: film.failed",
        "fails: failed",
        [
            "studio.yaml:28:16: 'failed' is no name here: write noun.verb in small letters, such as campaign.created"
        ],
    ),
    "an end that is a failure too": (
        "fails: film.failed",
        "fails: film.done",
        [
            "studio.yaml:28:16: film.done would both end and fail a subject; name another event, or tell them apart with where"
        ],
    ),
    "an end that is the start": (
        "to: film.closed\n",
        "to: film.ordered\n",
        [
            "studio.yaml:43:13: film.ordered would both start and end a subject; name another event, or tell them apart with where"
        ],
    ),
    "an end twice": (
        "to: [film.done, film.failed]",
        "to: [film.done, film.done]",
        ["studio.yaml:73:25: film.done is given twice; delete one"],
    ),
    "no end at all": (
        "to: [film.done, film.failed]",
        "to: []",
        ["studio.yaml:73:9: 'to' must have at least 1 item"],
    ),
    "a conversion without a limit": (
        "expires: 30m\n        window: 24h",
        "window: 24h",
        [
            "studio.yaml:48:7: 'expires' is missing; add for example expires: 7d; without a limit nothing ever counts as lost"
        ],
    ),
    "a duration without a limit": (
        "expires: 2h\n        labels",
        "labels",
        [
            "studio.yaml:19:7: studio.making has no limit, so nothing ever counts as lost; add expires, for example 7d, or anchor: end to look only at what ended"
        ],
    ),
    "two steps of one name": (
        "names: [ordered, made, shown]",
        "names: [ordered, made, made]",
        ["studio.yaml:63:32: two steps are called made; give each a name of its own"],
    ),
    "one event for two steps, without names": (
        "film.shown]\n        names: [ordered, made, shown]",
        "film.ordered]",
        ["studio.yaml:62:57: two steps are called film.ordered; add names, one for each step"],
    ),
    "a limit beyond the retention": (
        "expires: 14d",
        "expires: 91d",
        [
            "studio.yaml:65:18: subjects are kept for 90d, so none can be waited for 91d; write at most 90d"
        ],
    ),
    "a limit that is no whole minutes": (
        "expires: 2h\n",
        "expires: 950s\n",
        [
            "studio.yaml:30:18: subjects are kept by the minute, so nobody sees who is within 950s; write 16m"
        ],
    ),
    "more thresholds than are kept": (
        "notes: [{when: {share_below: 5m, at_least: 50%}, says: That is quick}]",
        f"notes: [{', '.join(f'{{when: {{share_below: {n}m, at_least: 50%}}, says: Quick}}' for n in range(1, 10))}]",
        [
            "studio.yaml:35:9: the target and the notes of studio.making name 10 thresholds, and of a subject it is kept which of 8 it is within; delete 2 of the notes"
        ],
    ),
    "a limit below the target": (
        "expires: 2h\n",
        "expires: 10m\n",
        [
            "studio.yaml:30:18: after 10m a subject is given up, so nobody sees whether it is done within 15m; write at least 15m"
        ],
    ),
    "a duration's target without a share": (
        "target: {within: 15m, share: 80%}",
        "target: {within: 15m}",
        [
            "studio.yaml:34:9: a duration is judged by the share of subjects within the threshold; add share: 95%"
        ],
    ),
    "a duration's target that is a share": (
        "target: {within: 15m, share: 80%}",
        "target: {above: 80%}",
        [
            "studio.yaml:34:25: 80% is a percentage, and studio.making is a duration; write an amount such as 200ms"
        ],
    ),
    "a duration that must be long": (
        "target: {within: 15m, share: 80%}\n",
        "target: {at_least: 15m, share: 80%}\n",
        [
            "studio.yaml:34:28: a duration is judged by who is done within the threshold; write within: 15m"
        ],
    ),
    "a target on those that ended": (
        "show: mean\n",
        "target: {within: 15m, share: 80%}\n",
        [
            "studio.yaml:46:9: anchor: end looks only at subjects that ended, so one that never does would improve the number; write anchor: start with expires, or delete it"
        ],
    ),
    "a mean of those that started": (
        "anchor: end\n        show: mean",
        "show: mean\n        expires: 7d",
        [
            "studio.yaml:45:15: by their start some subjects have not ended, so their mean is not known; write a quantile such as 0.5, or anchor: end"
        ],
    ),
    "a quantile beyond 1": (
        "show: mean\n",
        "show: 95\n",
        ["studio.yaml:46:15: 'show' must be less than 1; write 0.95"],
    ),
    "a funnel of one step": (
        "steps: [film.ordered, [film.done, film.closed], film.shown]\n        names: [ordered, made, shown]",
        "steps: [film.ordered]",
        ["studio.yaml:62:9: 'steps' must have at least 2 items"],
    ),
    "a funnel with a name too few": (
        "names: [ordered, made, shown]",
        "names: [ordered, shown]",
        ["studio.yaml:58:7: 3 steps have 2 names; give one for each, or none"],
    ),
    "what is now over a window": (
        "by: film.id\n        labels: [genre]\n      busiest",
        "by: film.id\n        labels: [genre]\n        window: 7d\n      busiest",
        [
            "studio.yaml:76:17: what is in flight now has no window; delete it, or write read: maximum"
        ],
    ),
    "what was most without a window": (
        "expires: 24h\n        window: month",
        "expires: 24h",
        [
            "studio.yaml:83:15: the most that was in flight at once needs a window to look at; add window, for example 7d"
        ],
    ),
    "a weight that is no number": (
        "value: film.length",
        "value: genre",
        [
            "studio.yaml:84:16: genre is of type string, and an in_flight needs a number; declare it as number, integer or money, or take another attribute"
        ],
    ),
    "a shown number that is none": (
        "show: mean\n",
        "show: meen\n",
        ["studio.yaml:46:15: 'show' must be a number or mean; did you mean 'mean'?"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_refuses_the_catalog(mistake: str, studio_after: Edit) -> None:
    old, new, said = MISTAKES[mistake]
    assert studio_after(old, new) == said


@pytest.mark.parametrize(
    "edits",
    [
        ("expires: 14d", "expires: 90d"),
        ("expires: 24h\n", "expires: 90s\n"),
        (
            "notes: [{when: {share_below: 5m, at_least: 50%}, says: That is quick}]",
            f"notes: [{', '.join(f'{{when: {{share_below: {n}m, at_least: 50%}}, says: Quick}}' for n in range(1, 8))}]",
        ),
        ("expires: 2h\n", "expires: 15m\n"),
        ("show: mean\n", "show: 0.9\n"),
        (
            "target: {within: 15m, share: 80%}",
            "target: {below: 15m, share: 100%}",
            "{target: {within: 15m, share: 50%}",
            "{target: {below: 15m, share: 50%}",
        ),
        ("fails: film.failed", "fails: [film.failed, film.closed]"),
        ("to: [film.done, film.failed]", "to: {event: film.done}"),
        ("fails: film.failed", "fails: {event: film.closed, where: {reason: sold}}"),
        (
            "steps: [film.ordered, [film.done, film.closed], film.shown]\n        names: [ordered, made, shown]",
            "steps: [film.ordered, film.done]",
        ),
    ],
)
def test_the_neighbour_of_a_mistake_is_taken(edits: tuple[str, ...], studio_after: Edit) -> None:
    assert studio_after(*edits) == []


def test_the_studio_has_nothing_to_complain_about(studio_after: Edit) -> None:
    assert studio_after() == []


def test_another_quantile_than_is_judged_is_listed(studio_after: Edit) -> None:
    assert studio_after("expires: 2h\n", "expires: 2h\n        show: 0.5\n") == [
        "studio.yaml:35:38: warning: the share of 80% is judged, but quantile 0.5 is shown, so the number and the state may disagree; write show: 0.8"
    ]
