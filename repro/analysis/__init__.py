"""The tidy table, metrics, intervals and comparisons."""
