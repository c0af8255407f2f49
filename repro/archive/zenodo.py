"""Writes the metadata of a dataset for Zenodo from recorded facts; nothing is guessed."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from repro import ROOT
from repro.archive import layout
from repro.archive.dataset import Dataset
from repro.errors import UserError
from repro.files import canonical_json, reading
from repro.study.model import Study
from repro.study.toml import load_toml

CITATION = ROOT / "CITATION.cff"
_ARXIV = re.compile(r'^\s*value: "?(arXiv:[\d.]+)"?\s*$', re.MULTILINE)


def metadata(dataset: Dataset, creators: Sequence[str], citation: Path = CITATION) -> str:
    """Return the metadata of a deposit for Zenodo's REST API (`POST /api/deposit/depositions`).

    Args:
        dataset: the dataset to deposit.
        creators: who made it, each as `Family, Given`; empty for the dataset's own creator.
        citation: this package's `CITATION.cff`.

    Returns:
        Canonical JSON.

    Raises:
        UserError: a file is damaged, or there is no creator.
    """
    about = dataset.description()
    study = load_toml(dataset.path / layout.STUDY, Study)
    names = list(creators) or [about.creator]
    if not all(name.strip() for name in names):
        raise UserError(
            f"{dataset.path}: no creator, which Zenodo requires; give --creator 'Family, Given'"
        )
    with reading(citation):
        cited = citation.read_text(encoding="utf-8")
    found: dict[str, Any] = {
        "upload_type": "dataset",
        "title": f"{study.title}: dataset {about.name}",
        "creators": [{"name": name} for name in names],
        "description": _description(dataset, study, _scalar(cited, "title", citation)),
        "access_right": "open",
        "license": about.licence.lower(),
        "publication_date": str(about.created),
        "keywords": [*study.problems, *study.frameworks, "Julia", "reproducibility"],
        "related_identifiers": [
            {"identifier": identifier, "relation": "references"}
            for identifier in sorted(set(_ARXIV.findall(cited)))
        ],
    }
    return canonical_json({"metadata": found})


def _description(dataset: Dataset, study: Study, package: str) -> str:
    """Return the description as HTML."""
    about = dataset.description()
    rows = dataset.attempts()
    machines = {dataset.machine(name) for name in dataset.environments()}
    image = f" Container image: {about.image}." if about.image else ""
    text = (
        f"Study {study.name} ({study.title}), run on the site {about.site} on {about.created}: "
        f"{len(rows)} attempts of {len({row['cell'] for row in rows})} cells. "
        f"Machines: {'; '.join(sorted(machines)) or 'none'}.{image} "
        f"Made with {package}, version {about.repro}. SHA256SUMS verifies every file."
        f"{f' {about.about}' if about.about else ''}"
    )
    return f"<p>{escape(text, quote=False)}</p>"


def _scalar(text: str, key: str, where: Path) -> str:
    """Return the value of a top-level line `key: value` of simple YAML."""
    match = re.search(rf'^{key}: *("?)(.+?)\1 *$', text, re.MULTILINE)
    if match is None:
        raise UserError(f"{where}: no line `{key}: ...`; add it")
    return match[2]
