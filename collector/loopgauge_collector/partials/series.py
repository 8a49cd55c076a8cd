"""The stored registry of rules and of the label values that have a series of their own.

The first values seen are admitted, up to the cap; later ones share `__other__`. It is
stored so that a rebuild admits the same values and gives the same result (R8).
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping

import duckdb
from loopgauge_catalog.names import OTHER_VALUE

#: A rule as the store knows it: KPI, definition revision, label. For a total the label is
#: empty, or the name of a part after a colon.
Identity = tuple[str, str, str]


def _is_total(label: str) -> bool:
    return not label or label.startswith(":")


class SeriesRegistry:
    """Numbers for rules and series. Only the folding thread registers.

    Readers go through `lookup`, over a dict that is replaced and never changed.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, label_cap: int) -> None:
        self.label_cap = label_cap
        #: Events put into `__other__` since the process began, by KPI id.
        self.overflow: Counter[str] = Counter()
        self.load(connection)

    def load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read all that is stored: at the start, and after a transaction that was rolled back."""
        self._rules: dict[Identity, int] = {
            (kpi, revision, label): rule
            for rule, kpi, revision, label in connection.execute(
                "select rule, kpi, revision, label from rules"
            ).fetchall()
        }
        self._series: dict[tuple[int, str], int] = {
            (rule, value): series
            for series, rule, value in connection.execute(
                "select series, rule, value from series"
            ).fetchall()
        }
        self._next_rule = max(self._rules.values(), default=0) + 1
        self._next_series = max(self._series.values(), default=0) + 1
        broken_down = {rule for (*_, label), rule in self._rules.items() if not _is_total(label)}
        self._values: Counter[int] = Counter(
            rule for rule, value in self._series if rule in broken_down and value != OTHER_VALUE
        )
        self._published: Mapping[int, Mapping[str, int]] = {}
        self._publish()
        self.load_firsts(connection)

    def load_firsts(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read when each series had its first event: at the start, and once rows were dropped."""
        #: Time of the first eligible event ever, in microseconds, by series; replaced, not changed.
        self.firsts: Mapping[int, int] = dict(
            connection.execute(
                """select series, min(first) from
                (select series, first from partials union all
                 select series, first from partials_recent)
                where first is not null group by series"""
            ).fetchall()
        )

    def rule(self, connection: duckdb.DuckDBPyConnection, identity: Identity) -> int:
        """The number of a rule; a new one is stored within the open transaction.

        The total of a rule (and `__other__` of a breakdown) gets its series at once.
        """
        if identity in self._rules:
            return self._rules[identity]
        number = self._next_rule
        self._next_rule += 1
        self._rules[identity] = number
        connection.execute("insert into rules values (?, ?, ?, ?)", [number, *identity])
        self._add(connection, number, "" if _is_total(identity[2]) else OTHER_VALUE)
        self._publish()
        return number

    def _add(self, connection: duckdb.DuckDBPyConnection, rule: int, value: str) -> None:
        series = self._next_series
        self._next_series += 1
        self._series[rule, value] = series
        connection.execute("insert into series values (?, ?, ?)", [series, rule, value])

    def admit(
        self,
        connection: duckdb.DuckDBPyConnection,
        values: Iterable[tuple[int, str, str, int]],
        uncapped: Container[int] = (),
    ) -> None:
        """Give new label values a series, in the order given, up to the cap.

        Args:
            connection: the folding one, inside a transaction.
            values: (rule, value, KPI id, events), values without a series.
            uncapped: rules that every value has a series of.
        """
        for rule, value, kpi, events in values:
            if rule in uncapped or self._values[rule] < self.label_cap:
                self._values[rule] += 1
                self._add(connection, rule, value)
            else:
                self.overflow[kpi] += events
        self._publish()

    def note_firsts(self, firsts: Iterable[tuple[int, int]]) -> None:
        """Lower the time of the first event of series, once what tells it is committed."""
        lower = {s: first for s, first in firsts if s not in self.firsts or first < self.firsts[s]}
        if lower:
            self.firsts = {**self.firsts, **lower}

    def _publish(self) -> None:
        by_rule: dict[int, dict[str, int]] = {}
        for (rule, value), series in self._series.items():
            by_rule.setdefault(rule, {})[value] = series
        self._published = by_rule

    def lookup(self, identity: Identity) -> tuple[int, Mapping[str, int]] | None:
        """A rule's number and its series by label value; None before its first fold."""
        rule = self._rules.get(identity)
        return None if rule is None else (rule, self._published.get(rule, {}))

    def numbers(self, kpi: str) -> list[tuple[int, str]]:
        """Every rule number of a KPI with its revision, old ones included."""
        return [(n, revision) for (k, revision, _), n in self._rules.items() if k == kpi]

    def forget(self, connection: duckdb.DuckDBPyConnection, rules: list[int]) -> None:
        """Drop rules of old revisions, within the open transaction."""
        for rule in rules:
            connection.execute("delete from rules where rule = ?", [rule])
            connection.execute("delete from series where rule = ?", [rule])
        gone = set(rules)
        forgotten = {series for (rule, _), series in self._series.items() if rule in gone}
        self.firsts = {s: first for s, first in self.firsts.items() if s not in forgotten}
        self._rules = {key: n for key, n in self._rules.items() if n not in gone}
        self._series = {key: n for key, n in self._series.items() if key[0] not in gone}
        self._publish()
