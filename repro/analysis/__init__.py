"""Tidy tables of a dataset, its metrics with intervals, and comparisons."""
