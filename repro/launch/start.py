"""Starting a run: its cells go to the launcher of its site."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def start(self, events: Events, wishes: Wishes, say: Callable[[str], None]) -> list[str]:
        """Run the cells, or submit them.

        Returns:
            The commands that the user has to type where Slurm is; usually none.

        Raises:
            UserError, SlurmSilent, KeyboardInterrupt: as the launchers raise them.
        """
        if self.site.slurm is None:
            LocalLauncher(self.run, self.here, self.means, events).run_cells(self.ready)
            return []
        note_submit_via(self.run, self.site.slurm.submit_via)
        launcher = SlurmLauncher(
            self.run,
            self.site,
            self.here.setting,
            self.means,
            SlurmClient.reached(self.site.slurm.submit_via),
            say,
            events.ended,
        )
        if wishes.wait and not self.site.by_hand:
            launcher.wait(self.ready)
            return []
        launcher.submit(self.ready)
        if wishes.collect and not self.site.by_hand:
            say(f"dataset {wishes.collect[0]}: job {launcher.collect_after(*wishes.collect)}")
        return launcher.commands()


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
