"""The second transaction: events become mergeable sums, and windows are read from them."""
