"""Cancelling what was submitted to Slurm."""

from collections import defaultdict
from collections.abc import Callable

from repro.errors import UserError
from repro.launch.run_directory import Run
from repro.launch.site.settings import BY_HAND
from repro.launch.slurm_client import SlurmClient, SlurmError, SlurmSilent, Task
from repro.launch.status import overview, state_in_slurm, was_handed_over
from repro.launch.submissions import open_submissions


def cancellable(run: Run, wanted: Callable[[str], bool]) -> dict[str, tuple[str, Task]]:
    """The cells that Slurm has queued or running, trials too: the state and the task of each.

    Raises:
        UserError: nothing was submitted to Slurm, or Slurm does not answer.
    """
    if not was_handed_over(run):
        raise UserError(
            f"{run.path}: nothing of it was submitted to Slurm; stop what runs on this machine "
            "with Ctrl-C in its `repro run`"
        )
    if run.about.submit_via == BY_HAND:
        names = " ".join(submission.name for submission in open_submissions(run.path))
        raise UserError(
            f"{run.path}: its jobs were submitted by hand; cancel them by hand, too: "
            f"scancel --name={names.replace(' ', ',') or 'NAME'}"
        )
    seen = overview(run, wanted)
    if seen.silent:
        raise UserError(f"Slurm does not answer ({seen.silent}); nothing was cancelled")
    found = {}
    for cell in seen.cells:
        task = seen.tasks.get(cell.cell)
        state = state_in_slurm(task)
        if task and state and (cell.trial_open or cell.state in ("queued", "running")):
            found[cell.cell] = state, task
    return found


def cancel(run: Run, cells: dict[str, tuple[str, Task]]) -> None:
    """Cancel the tasks of these cells of a run, with one request for each array.

    Raises:
        UserError: Slurm refuses, or does not answer.
    """
    slurm = SlurmClient.reached(run.about.submit_via)
    arrays: dict[tuple[int, str], list[int]] = defaultdict(list)
    for _, task in cells.values():
        arrays[task.job, task.name].append(task.index)
    for (job, name), indices in arrays.items():
        try:
            slurm.cancel(job, sorted(indices), name=name)
        except SlurmError as error:
            raise UserError(f"job {job}: Slurm refuses to cancel it: {error}") from error
        except SlurmSilent as error:
            raise UserError(
                f"job {job}: Slurm does not answer ({error}); repeat the command later"
            ) from error
