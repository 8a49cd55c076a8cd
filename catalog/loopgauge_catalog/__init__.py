"""The catalog: where a KPI is described, once.

Everything else (SQL, metrics, pages, alerts, reports) follows from these models.
This package imports nothing of ours.

To read one: `loader` (load, loads, samples, sample_paths, init_template), `errors`
(CatalogError, Problem), `checks` (rows_covered), `schema` (json_schema). What it holds:
`catalog`, `kpis` (a model for each kind), `declarations` (events and attributes), `builtin`
(events of LoopGauge itself), `prices`, `calendar`, `targets`, `filters`, `quantities`. What is
computed from it: `values`, `states`. What its metrics are called: `names`.
"""
