"""The attempts of one cell as a comparison needs them, from a dataset or from a run."""

from pathlib import Path

from repro.analysis.compare import Side, Trial, baseline_of
from repro.archive.dataset import Dataset
from repro.measure.attempts import attempts_of
from repro.study.names import CellName


def side_of_dataset(dataset: Dataset, cell: CellName) -> Side:
    """What a dataset has of a cell and of its baseline.

    Raises:
        UserError: a table of the dataset is damaged.
    """
    attempts, runtimes = dataset.attempts(), dataset.runtimes()

    def trials(name: CellName) -> tuple[Trial, ...]:
        return tuple(
            Trial(
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
            )
            for row in attempts
            if row["cell"] == str(name)
        )

    return Side("in the archive", trials(cell), trials(baseline_of(cell)))


def side_of_run(run: Path, cell: CellName) -> Side:
    """What a run directory has of a cell and of its baseline; nothing, if it does not exist."""

    def trials(name: CellName) -> tuple[Trial, ...]:
        over = [item for item in attempts_of(run, str(name)) if item.state == "done"]
        return tuple(
            Trial(
                number=attempt.number,
                outcome=attempt.outcome()["outcome"],
                seconds=tuple(
                    record["seconds"]
                    for record in attempt.records()
                    if record["event"] == "repetition" and record["correct"]
                ),
                detail=attempt.outcome()["detail"],
            )
            for attempt in over
        )

    return Side("here", trials(cell), trials(baseline_of(cell)))
