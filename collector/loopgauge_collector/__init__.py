"""The collector: takes events in, commits them, computes the KPIs, answers for them."""
