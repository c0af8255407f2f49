"""What a run would do here and cost at most, before anything is started."""

from collections import Counter

from repro.launch.batch import batches
from repro.launch.decide import Decision, Means, Todo, decide
from repro.launch.here import find_tools, means_of
from repro.launch.run_directory import Run
from repro.launch.site.settings import Site
from repro.launch.start import Wishes
from repro.study.expand import Cell


def look_ahead(run: Run, site: Site, wishes: Wishes) -> dict[str, str]:
    """A line for each thing that is worth knowing, by its name; nothing is changed.

    Args:
        run: the run, which need not exist yet.
        site: where it is to run.
        wishes: what the user asked for.

    Raises:
        UserError: there is no Julia that works, or the image does not start.
    """
    tools = find_tools(site)
    means = means_of(run.study, wishes.programs, tools, site, oversubscribe=wishes.oversubscribe)
    decisions = [decide(run.path, cell, means) for cell in run.cells()]
    starting = [decision.cell for decision in decisions if decision.todo is Todo.START]
    digest = f" ({tools.image.digest[:19]})" if tools.image else ""
    return {
        "site": f"{site.name}: {site.title}, {_size(site)}",
        "study": f"{run.study.name}: {run.study.title}",
        "run": f"{run.path}, {'resumed' if run.path.exists() else 'new'}",
        "image": f"{tools.image.path}{digest}" if tools.image else "none: what this machine has",
        "Julia": tools.julia.version,
        "programs": _programs(decisions, means),
        "cells": _cells(decisions, means),
        "at most": f"{_core_hours(starting, site):,.1f} core-hours",
    }


def _size(site: Site) -> str:
    if site.slurm is None:
        return f"{site.cores_in_all} cores, {site.memory_bytes / 2**30:.0f} GiB"
    nodes = "1 node" if site.nodes == 1 else f"up to {site.nodes} nodes"
    return f"{nodes} of {site.cores_per_node} cores and {site.memory_per_node_gib:g} GiB"


def _programs(decisions: list[Decision], means: Means) -> str:
    there = {decision.cell.program for decision in decisions if decision.kernel}
    absent = {decision.cell.program for decision in decisions} - there
    archived = ", ".join(dataset.name for dataset in means.datasets)
    source = f", those of LLMs from {archived}" if archived else ""
    models = ", ".join(sorted({program.model for program in absent}))
    lacking = f"; {len(absent)} are not there, of {models}" if absent else ""
    return f"{len(there)}{source}{lacking}"


def _cells(decisions: list[Decision], means: Means) -> str:
    counts = Counter(decision.todo for decision in decisions)
    unavailable = [d.cell for d in decisions if d.todo is Todo.UNAVAILABLE]
    missing = ", ".join(sorted({name for cell in unavailable for name in means.missing(cell)}))
    parts = {
        "to run": counts[Todo.START],
        "at work": counts[Todo.WAIT],
        "done": counts[Todo.NOTHING],
        f"unavailable (not installed: {missing})": counts[Todo.UNAVAILABLE],
        "too large for the site": counts[Todo.TOO_LARGE],
        "without a program": counts[Todo.NO_PROGRAM],
    }
    return ", ".join(f"{count:,} {what}" for what, count in parts.items() if count) or "none"


def _core_hours(cells: list[Cell], site: Site) -> float:
    if site.slurm:
        return sum(batch.core_hours(site) for batch in batches(cells, site))
    return sum(cell.core_hours for cell in cells)
