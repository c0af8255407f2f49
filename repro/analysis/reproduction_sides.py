"""The two sides of a comparison: the attempts of a cell in a dataset, and in a run directory."""

from functools import cache
from pathlib import Path
from typing import Any

from repro.analysis.machines import cores_of
from repro.analysis.reproduction import Side, TimedAttempt, baseline_of
from repro.archive import layout
from repro.archive.dataset import Dataset
from repro.files import read_json
from repro.measure.attempts import attempts_of
from repro.study.names import CellName


def side_of_dataset(dataset: Dataset, cell: CellName) -> Side:
    """The attempts of a cell and its baseline in a dataset.

    Raises:
        UserError: a table of the dataset is damaged.
    """
    rows, runtimes = dataset.attempts(), dataset.runtimes()
    environments = dataset.environments()

    def attempts(name: CellName) -> tuple[TimedAttempt, ...]:
        return tuple(
            TimedAttempt(
                number=int(row["attempt"]),
                outcome=row["outcome"],
                seconds=tuple(
                    float(repetition["seconds"])
                    for repetition in runtimes
                    if repetition["cell"] == row["cell"]
                    and repetition["attempt"] == row["attempt"]
                    and repetition["correct"] == "true"
                ),
                detail=row["detail"],
                cores=cores_of(row, environments.get(row["environment"])),
                place=_place(environments.get(row["environment"])),
            )
            for row in rows
            if row["cell"] == str(name)
        )

    return Side("in the archive", attempts(cell), attempts(baseline_of(cell)))


def side_of_run(run: Path, cell: CellName) -> Side:
    """The attempts of a cell and its baseline in a run directory; none if it does not exist."""

    @cache
    def environments(name: str) -> Any:
        path = run / layout.ENVIRONMENTS / f"{name}.json"
        return read_json(path) if path.is_file() else None

    def attempts(name: CellName) -> tuple[TimedAttempt, ...]:
        over = [item for item in attempts_of(run, str(name)) if item.state == "done"]
        return tuple(
            TimedAttempt(
                number=attempt.number,
                outcome=attempt.outcome().outcome,
                seconds=tuple(
                    record["seconds"]
                    for record in attempt.records()
                    if record["event"] == "repetition" and record["correct"]
                ),
                detail=attempt.outcome().detail,
                cores=attempt.outcome().available_cores,
                place=_place(environments(attempt.plan().environment)),
            )
            for attempt in over
        )

    return Side("here", attempts(cell), attempts(baseline_of(cell)), newest=True)


def _place(environment: Any) -> str:
    """The machine and the version of Julia of an environment's file, as far as it names them."""
    found = environment if isinstance(environment, dict) else {}
    julia = found.get("julia")
    version = julia.get("version") if isinstance(julia, dict) else None
    words = [str(found["machine"])] if found.get("machine") else []
    return "; ".join([*words, f"Julia {version}"] if version else words)
