"""The catalog: where a KPI is described, once.

Everything else (SQL, metrics, pages, alerts, reports) follows from these models.
This package imports nothing of ours.
"""
