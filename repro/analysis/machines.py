"""Where attempts ran: the machine of each, and how many cores it had for its threads."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from repro.analysis.damaged_data import Damage, recorded
from repro.archive import layout
from repro.errors import UserError
from repro.files import read_json
from repro.measure.outcomes import OUR_OUTCOMES
from repro.study.names import CellName

OVERSUBSCRIBED = "oversubscribed"


class _Machine(NamedTuple):
    name: str
    cores: float
    """Of a node; NaN if not recorded."""


def with_machines(dataset: Path, attempts: pd.DataFrame, damage: Damage | None) -> pd.DataFrame:
    """Add columns to a table of attempts that has `cores`, one for each thread.

    Args:
        dataset: its directory.
        attempts: the table.
        damage: as for `tidy.load`.

    Returns:
        The table with `machine`; `available_cores`, for attempts that did not record them at most
        as many as their nodes have, NaN where that is not known either; `crowded`: fewer than
        `cores`. Such an attempt is flagged, unless nothing ran.
    """
    machines = _machines(dataset, sorted(set(attempts["environment"])), damage)
    names = {key: machine.name for key, machine in machines.items()}
    there = {key: machine.cores for key, machine in machines.items()}
    machine = attempts["environment"].map(names)
    of_nodes = attempts["nodes"] * attempts["environment"].map(there).astype("float64")
    derived = of_nodes.where(of_nodes < attempts["cores"], attempts["cores"])
    available = attempts["available_cores"].fillna(derived.where(of_nodes.notna()))
    crowded = available < attempts["cores"]
    ran = ~attempts["outcome"].isin(OUR_OUTCOMES)
    flags = attempts["flags"].where(~(crowded & ran), attempts["flags"].map(_flagged))
    return attempts.assign(machine=machine, available_cores=available, crowded=crowded, flags=flags)


def cores_of(row: Mapping[str, str], environment: Any) -> int | None:
    """Available cores of one row of a table of attempts; None: not known.

    Args:
        row: with a cell's name that can be read, and `available_cores`, which may be empty.
        environment: the content of its environment's file.
    """
    scale = CellName.parse(row["cell"]).scale
    if row["available_cores"].isdecimal():
        return int(row["available_cores"])
    of_node = environment.get("cores") if isinstance(environment, dict) else None
    return min(scale.cores, scale.nodes * of_node) if isinstance(of_node, int) else None


def flags_of(row: Mapping[str, str], environment: Any) -> str:
    """The flags of one row, with the one that an older table lacks; arguments as for `cores_of`."""
    cores = cores_of(row, environment)
    crowded = cores is not None and cores < CellName.parse(row["cell"]).scale.cores
    ran = row["outcome"] not in OUR_OUTCOMES
    return _flagged(row["flags"]) if crowded and ran else row["flags"]


def _flagged(flags: str) -> str:
    return ";".join(sorted({*filter(None, flags.split(";")), OVERSUBSCRIBED}))


def _machines(dataset: Path, wanted: Iterable[str], damage: Damage | None) -> dict[str, _Machine]:
    """The machine of each environment; one that names none counts as a machine of its own."""
    machines = {}
    there = {path.stem: path for path in (dataset / layout.ENVIRONMENTS).glob("*.json")}
    for name in wanted:
        machines[name] = _Machine(f"unknown ({name})", math.nan)
        with recorded(damage):
            where = dataset / layout.ENVIRONMENTS / f"{name}.json"
            content = read_json(there[name]) if name in there else None
            machine = content.get("machine") if isinstance(content, dict) else None
            if not isinstance(machine, str):
                told = "names no machine; collect the dataset again from its run"
                raise UserError(f"{where}: {told}")
            cores = content.get("cores") if isinstance(content, dict) else None
            machines[name] = _Machine(machine, cores if isinstance(cores, int) else math.nan)
    return machines
