"""`repro import`: turn another archive into a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import options, say
from repro.errors import UserError

if TYPE_CHECKING:
    from repro.archive.collect import Draft
    from repro.archive.survey import Findings

_SHOWN = 20
"""Most unmapped files that are listed without --all."""


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar="NAME",
    help="Import this model. Repeatable.",
)
@click.option("--dataset", metavar="NAME", help="Name of the new dataset.")
@options.data
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The archive's names and layout, as TOML.  [default: those of a dataset]",
)
@click.option(
    "--study",
    metavar="STUDY",
    help="The archive's study: a name, or a file.  [default: the mapping's]",
)
@click.option("--partial", is_flag=True, help="Make the dataset even if files could not be mapped.")
@click.option("--all", "everything", is_flag=True, help="List all that could not be mapped.")
@options.dry_run
def command(
    directory: Path,
    models: tuple[str, ...],
    dataset: str | None,
    data: Path,
    map_path: Path | None,
    study: str | None,
    *,
    partial: bool,
    everything: bool,
    dry_run: bool,
) -> int:
    """Turn an archive with kernels, tests, logs and tables of times into a dataset.

    DIRECTORY is the unpacked archive. Nothing is guessed: by its name, its columns and the mapping,
    each file and row must fit exactly one program or cell of the study. Those that do not are
    listed, nothing is written and the exit code is 1, unless --partial is given. The keys of the
    mapping are documented in repro/archive/mapping.py; docs/archive-map.toml is an example.
    """
    from repro.archive.collect import description, make_dataset, refuse_existing
    from repro.archive.imported import fill
    from repro.archive.mapping import ArchiveMap
    from repro.archive.survey import survey
    from repro.files import reading
    from repro.study.load import STUDIES
    from repro.study.model import Study
    from repro.study.toml import find_toml, load_toml

    mapping = load_toml(map_path, ArchiveMap) if map_path else ArchiveMap()
    facts = mapping.dataset
    study_name = study or (facts.study if facts else None)
    if not study_name:
        raise UserError("import: no study; give --study, or [dataset] study in the mapping")
    study_path = find_toml(study_name, STUDIES, "study")
    content = load_toml(study_path, Study)
    found = survey(directory, mapping, content, models)
    _print(found, models, everything=everything)
    incomplete = bool(found.unmapped) and not partial
    if dry_run or incomplete:
        say.echo("nothing written" + ("; --partial imports what fits" if incomplete else ""))
        return int(incomplete)
    if facts is None or map_path is None or not dataset:
        raise UserError(
            "import: to write a dataset, give --dataset and a --map FILE whose table [dataset] has "
            "study, site, created, creator, licence, machine, julia"
        )
    refuse_existing(data / dataset)
    about = description(
        name=dataset, study=content.name, site=facts.site, created=str(facts.created),
        creator=facts.creator, licence=facts.licence, image="",
    )  # fmt: skip
    with reading(study_path):
        texts = {"study.toml": study_path.read_bytes(), "import.toml": map_path.read_bytes()}

    def add(draft: "Draft") -> None:
        for name, text in texts.items():
            draft.add(name, text)
        fill(draft, found, mapping)

    draft = make_dataset(about, content, data, add)
    say.echo(f"{data / dataset}: {len(draft.sizes)} files")
    return 0


def _print(found: "Findings", models: tuple[str, ...], *, everything: bool) -> None:
    for model in models:
        counts = found.counts(model)
        say.echo(f"{model}: {', '.join(f'{number} {what}' for what, number in counts.items())}")
    if found.left_out:
        say.echo(f"skipped as requested: {found.left_out} files")
    shown = found.unmapped if everything else found.unmapped[:_SHOWN]
    for where, why in shown:
        say.echo(f"not mapped: {where}: {why}")
    if len(found.unmapped) > len(shown):
        say.echo(f"not mapped: {len(found.unmapped) - len(shown)} more; --all lists them")
