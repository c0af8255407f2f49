"""What a run directory says of itself: `run.json`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunRecord:
    """A run directory's study, site and age."""

    study: str
    """The study's name."""

    site: str
    """The name of the site that it runs on."""

    created: str
    """UTC, `2026-11-20T23:59:58Z`."""

    submit_via: str | None = None
    """How the site's Slurm is reached, as `repro.launch.site.settings.Slurm` has it."""
