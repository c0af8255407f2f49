"""Reproducibility package for a study of AI-generated parallel Julia programs."""

from pathlib import Path

__version__ = "0.1.0"

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, with `julia/`, `studies/`, `slurm/` and `data/` next to the Python package."""
