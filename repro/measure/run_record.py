"""The record of a run directory: `run.json`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunRecord:
    """The study and site of a run directory, and when it was made."""

    study: str
    """The study's name."""

    site: str
    """The name of the site that it runs on."""

    created: str
    """UTC, `2026-11-20T23:59:58Z`."""

    submit_via: str | None = None
    """How the site's Slurm is reached, as `repro.launch.site.settings.Slurm` has it."""
