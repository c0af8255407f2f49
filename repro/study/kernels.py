"""Where the kernel of a program is: written by hand, or in a dataset."""

from pathlib import Path

from repro import ROOT
from repro.study.model import Study
from repro.study.names import Program


def find_kernel(study: Study, program: Program, datasets: tuple[Path, ...] = ()) -> Path | None:
    """The kernel of a program, or None where nobody has written it yet.

    A dataset of `datasets` that has it comes first, so that what is repeated is what was
    archived: `<model>/kernels/<problem>_<framework>_<sample>.jl`. Else a hand-written one is
    `<problem>_<framework>.jl` in its model's directory, with `_<sample>` if there are several.
    """
    candidates = [
        dataset / program.model / "kernels" / f"{program.stem}.jl" for dataset in datasets
    ]
    written = study.models[program.model].kernels
    if written is not None:
        candidates.append(ROOT / written / f"{program.stem}.jl")
    if written is not None and program.sample == 0:
        candidates.append(ROOT / written / f"{program.problem}_{program.framework}.jl")
    return next((path for path in candidates if path.is_file()), None)
