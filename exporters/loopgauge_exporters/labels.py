"""Label names and values that a scrape survives, whatever an event carried."""

from loopgauge_catalog import names

#: Labels that a family of ours or Prometheus itself sets.
_TAKEN = frozenset(
    {names.LABEL_STAT, names.LABEL_WINDOW, names.LABEL_KPI, names.LABEL_PRODUCT, names.LABEL_STATE,
     "le", "quantile", "job", "instance"}
)  # fmt: skip


def label_of(attribute: str) -> str:
    """The label of a breakdown by this attribute.

    A name that is taken gets the prefix that Prometheus gives in the same case: two
    labels of one name in a sample would lose the whole scrape.
    """
    name = names.label_name(attribute)
    return f"exported_{name}" if name in _TAKEN else name


def clean(value: str) -> str:
    """The value without lone surrogates, which no encoding can carry."""
    return value.encode("utf-8", "replace").decode("utf-8")
