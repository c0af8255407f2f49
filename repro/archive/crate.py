"""Writes the RO-Crate description of a dataset, for archives and search engines."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from repro.archive.actions import add_actions
from repro.archive.dataset import Description
from repro.files import canonical_json
from repro.study.model import Study

PAPER = "https://arxiv.org/abs/2606.16534"
_PAPER_TITLE = (
    "Generated, Parallel, Scalable? A Study of Agentic AI-Generated Julia Code on Supercomputers"
)
_FORMATS = {
    ".csv": "text/csv",
    ".jl": "text/x-julia",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".toml": "application/toml",
}


def render(about: Description, study: Study, sizes: Mapping[str, int | None], root: Path) -> str:
    """Return `ro-crate-metadata.json` of a dataset: an RO-Crate 1.1 and Process Run Crate.

    Args:
        about: the dataset's description.
        study: the study that was run.
        sizes: bytes of each file, by path; None if not known yet.
        root: the directory of the files.

    Raises:
        UserError: the evidence of an attempt, or the record of a session, is damaged.
    """
    crate = ROCrate(version="1.1")
    crate.name = about.name
    transcripts = any("/transcripts/" in path for path in sizes)
    crate.description = (
        f"{'Transcripts, attempts' if transcripts else 'Attempts'}, timed repetitions, kernels "
        f"and logs of the study {study.name} ({study.title}), run on the site {about.site} "
        f"with repro {about.repro}{f'. {about.about}' if about.about else ''}"
    )
    crate.datePublished = about.created
    crate.license = _licence(crate, about.licence)
    crate.root_dataset["citation"] = _paper(crate)
    if about.creator:
        properties = {"@type": "Person", "name": about.creator}
        crate.creator = crate.add(ContextEntity(crate, "#creator", properties))
        crate.root_dataset["author"] = crate.creator  # RO-Crate's readers look for this one
    files = {
        path: crate.add_file(dest_path=path, properties=_file(path, size))
        for path, size in sizes.items()
    }
    add_actions(crate, root, files)
    return _canonical(crate.metadata.generate())


def _licence(crate: ROCrate, identifier: str) -> ContextEntity:
    properties = {"@type": "CreativeWork", "name": identifier}
    return crate.add(ContextEntity(crate, f"https://spdx.org/licenses/{identifier}", properties))


def _paper(crate: ROCrate) -> ContextEntity:
    properties = {"@type": "ScholarlyArticle", "name": _PAPER_TITLE, "identifier": PAPER}
    return crate.add(ContextEntity(crate, PAPER, properties))


def _file(path: str, size: int | None) -> dict[str, str]:
    kind = _FORMATS.get(PurePosixPath(path).suffix, "text/plain")
    properties = {"name": path, "encodingFormat": kind}
    return properties if size is None else properties | {"contentSize": str(size)}


def _canonical(content: dict[str, Any]) -> str:
    """Sort the graph by identifier, because the library's order is arbitrary.

    A list with one item is written as that item, as RO-Crate recommends.
    """
    for entity in content["@graph"]:
        for name, value in entity.items():
            if isinstance(value, list) and all(isinstance(item, dict) for item in value):
                ordered = sorted(value, key=lambda item: item["@id"])
                entity[name] = ordered[0] if len(ordered) == 1 else ordered
    graph = sorted(content["@graph"], key=lambda entity: entity["@id"])
    return canonical_json(content | {"@graph": graph})
