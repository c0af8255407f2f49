"""Starting a run: its cells go to the launcher of its site."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.container.image import Image
from repro.launch.batch import batch_script, batches
from repro.launch.decide import Decision, Means, Todo, decide
from repro.launch.here import look_around
from repro.launch.local import Events, Here, LocalLauncher
from repro.launch.run_directory import Run, note_submit_via
from repro.launch.site.settings import Site
from repro.launch.slurm import SlurmLauncher
from repro.launch.slurm_client import SlurmClient
from repro.study.expand import Cell

if TYPE_CHECKING:
    from repro.analysis.sequential import Budget


@dataclass(frozen=True)
class Wishes:
    """The user's options."""

    programs: tuple[Path, ...] = ()
    """Datasets that generated programs are taken from."""

    concurrent: bool = False
    oversubscribe: bool = False
    wait: bool = True
    """Wait until every cell has an outcome; on this machine that is always so."""

    collect: tuple[str, Path] | None = None
    """The name of a dataset to collect afterwards, and the directory of datasets."""

    control: "Budget | None" = None
    """Trials of failed cells and of their controls; None: no trials."""


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to start."""

    run: Run
    site: Site
    here: Here
    means: Means
    decisions: list[Decision]

    @property
    def ready(self) -> list[Cell]:
        """Cells with something left to do."""
        todo = (Todo.START, Todo.WAIT, Todo.UNAVAILABLE)
        return [decision.cell for decision in self.decisions if decision.todo in todo]

    def starter(self, wishes: Wishes, say: Callable[[str], None]) -> "Starter":
        """What runs its cells, or submits them."""
        return Starter(self, wishes, say)


@dataclass
class Starter:
    """Runs cells of a prepared run, or submits them, as often as it is asked to."""

    prepared: Prepared
    wishes: Wishes
    say: Callable[[str], None]
    _launcher: SlurmLauncher | None = None

    @property
    def waits(self) -> bool:
        """Have cells that were started an outcome when `start` returns?"""
        return self.prepared.site.slurm is None or (
            self.wishes.wait and not self.prepared.site.by_hand
        )

    def start(self, cells: Sequence[Cell], events: Events, *, again: bool = False) -> None:
        """Run cells, or submit them; `again`: also those that have an outcome.

        Raises:
            UserError, SlurmSilent, KeyboardInterrupt: as the launchers raise them.
        """
        ready = self.prepared
        if ready.site.slurm is None:
            local = LocalLauncher(ready.run, ready.here, ready.means, events)
            local.run_cells(cells, again=again)
            return
        launcher = self._slurm(ready.site.slurm.submit_via)
        launcher.ended = events.ended
        if self.waits:
            launcher.wait(cells, again=again)
        else:
            launcher.submit(cells, again=again)

    def finish(self) -> list[str]:
        """Submit the job that collects, if one is wanted.

        Returns:
            The commands that the user has to type where Slurm is; usually none.

        Raises:
            UserError, SlurmSilent: as the launcher raises them.
        """
        if self._launcher is None or self.waits:
            return []
        if self.wishes.collect and not self.prepared.site.by_hand:
            job = self._launcher.collect_after(*self.wishes.collect)
            self.say(f"dataset {self.wishes.collect[0]}: job {job}")
        return self._launcher.commands()

    def _slurm(self, submit_via: str | None) -> SlurmLauncher:
        if self._launcher is None:
            ready = self.prepared
            note_submit_via(ready.run, submit_via)
            client = SlurmClient.reached(submit_via)
            self._launcher = SlurmLauncher(
                ready.run, ready.site, ready.here.setting, ready.means, client, self.say
            )
        return self._launcher


def prepare_run(run: Run, site: Site, cells: Sequence[Cell], wishes: Wishes) -> Prepared:
    """Examine the machine and decide about every cell.

    Raises:
        UserError: no Julia works.
    """
    here, means = look_around(
        run,
        site,
        wishes.programs,
        concurrent=wishes.concurrent,
        oversubscribe=wishes.oversubscribe,
    )
    return Prepared(run, site, here, means, [decide(run.path, cell, means) for cell in cells])


def scripts(
    run: Path, site: Site, cells: Sequence[Cell], image: Image | None
) -> list[tuple[str, str, float, int]]:
    """What would be submitted: file name, script, and at most core-hours and minutes."""
    found = []
    for number, batch in enumerate(batches(cells, site), start=1):
        name = f"{number:03d}-{batch.scale}.sh"
        directory = (run / "dry-run").absolute()
        script = batch_script(batch, site, run.absolute(), "repro-dry-run", directory, image)
        found.append((name, script, batch.core_hours(site), batch.minutes))
    return found
