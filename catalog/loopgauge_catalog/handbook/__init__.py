"""Every KPI of a catalog explained for people, as Markdown: what it means and how it is made.

    catalog -> handbook -> docs/kpis.md

Written from the catalog alone, so the page cannot say anything else than what is computed.
"""

from collections.abc import Iterator

from loopgauge_catalog import names
from loopgauge_catalog.catalog import Catalog, ProductCatalog, Table
from loopgauge_catalog.handbook import judging, sources, words
from loopgauge_catalog.handbook.methods import method
from loopgauge_catalog.kpis import Kpi, KpiBase, Ratio, Windowed
from loopgauge_catalog.series import own_stat, own_window

_HEAD = """\
# KPIs

Every KPI of the catalog in the order of its document. This page is generated from the catalog; \
what stands here is what is computed.

What holds for all of them:

- Only events of the product itself count, from production or without an environment unless an \
entry names another one, and none of users that are marked as internal.
- A number that nothing feeds is absent, never 0. Until what stands under “Fed by” has come once \
(of alternatives one is enough, and what is optional need not come), the state is `no_data`.
- When nothing is heard of the services that send it for 15 minutes, or for as long as the entry \
says, the state is `stale`. What comes as a report is so only where the entry says it.
- A miss is called sure when chance does not explain it. Only a sure one pages, or a budget that \
burns fast; the page ends when the number itself meets the target again.
- Missing data page nobody: their source gets one ticket that names the KPIs which it starves.
- “Assumed” names what the document leaves open, so that it was chosen in the catalog.
"""


def handbook(catalog: Catalog) -> str:
    """The page; the same catalog gives the same text."""
    products = sorted(catalog.products.values(), key=_first_row)
    blocks = [_HEAD]
    blocks += ["\n".join(_contents(product)) for product in products]
    for product in products:
        blocks.append(f"## {product.title}")
        for table in product.tables.values():
            blocks.append(f"### {table.title}")
            blocks += ["\n".join(_entry(kpi, catalog)) for kpi in table.kpis.values()]
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _first_row(product: ProductCatalog) -> str:
    """By this the documents follow each other."""
    return next((kpi.row for kpi in product.kpis()), "")


def _contents(product: ProductCatalog) -> Iterator[str]:
    yield f"**{product.title}**"
    yield ""
    for table in product.tables.values():
        yield f"- {table.title}: {', '.join(_links(table))}"


def _links(table: Table) -> Iterator[str]:
    for kpi in table.kpis.values():
        yield f"[{kpi.row} {kpi.title}](#{kpi.id})"


def _entry(kpi: Kpi, catalog: Catalog) -> Iterator[str]:
    yield f'#### <a id="{kpi.id}"></a>{kpi.row} {kpi.title}'
    yield ""
    if kpi.means:
        yield " ".join(kpi.means.split())
        yield ""
    yield f"- **Computed.** {method(kpi, catalog)}{_also(kpi, catalog)}"
    yield f"- **Target.** {' '.join((judging.target_words(kpi), *judging.rules(kpi)))}"
    fed = list(sources.feeds(kpi, catalog))
    if fed:
        yield "- **Fed by**"
        yield from (f"  - {line}" for line in fed)
    yield f"- **Alerts.** {judging.alert_words(kpi, catalog)}"
    if kpi.decides:
        yield f"- **Decides.** {kpi.decides}"
    if kpi.try_:
        yield f"- **To try.** {words.raised('; '.join(words.lowered(one) for one in kpi.try_))}."
    assumed = judging.assumed_words(kpi)
    if assumed:
        yield f"- **Assumed.** {words.raised(assumed)}."
    yield f"- **Where.** `{kpi.id}` in the API, `{_series(kpi, catalog)}` on `/metrics`."


def _also(kpi: Kpi, catalog: Catalog) -> str:
    """What holds for rows of several kinds."""
    text = ""
    if kpi.environment != KpiBase.model_fields["environment"].default:
        text += f" Only events of {words.code(kpi.environment)} count, or of no environment."
    if isinstance(kpi, Windowed) and kpi.period is not None:
        text += f" The last complete {kpi.period} stands beside it."
    if kpi.labels:
        text += f" Also shown for each {words.codes(kpi.labels)}"
        listed = [name for name in kpi.labels if catalog.attribute(kpi, name).allowed]
        told = kpi.kind == "count" and listed
        text += "; a value that is listed and that nobody had is 0." if told else "."
    if isinstance(kpi, Ratio) and kpi.split:
        text += f" What matched is also shown for each {words.codes(kpi.split)}, as a share of all."
    return text


def _series(kpi: Kpi, catalog: Catalog) -> str:
    family = names.kpi_family(kpi.product, kpi.key, catalog.unit(kpi))
    labels = {names.LABEL_STAT: own_stat(kpi), names.LABEL_WINDOW: own_window(kpi)}
    given = ",".join(f'{name}="{value}"' for name, value in labels.items() if value is not None)
    return f"{family}{{{given}}}" if given else family
