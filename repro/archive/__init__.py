"""Datasets: layout, manifest, verification, collection from a run."""
